import type { BucketProof, StateProof } from "@tributary/chain/proof/state-proof";
import { BUCKETS } from "@tributary/chain/state/bucket-set";
import { fromHex } from "@tributary/protocol/bytes/hex";
import type { MerkleBranch } from "@tributary/protocol/container/merkle";

type Fields = Readonly<Record<string, unknown>>;

/** Segments of a container, and siblings of a branch, that any proof can have. */
const MAX_SEGMENTS = 2 ** 20;
const MAX_SIBLINGS = 32;

/**
 * The answer of tributary_getProof as `verifyStateProof` takes it. Undefined where hostile JSON is no such answer; what it
 * says beside the proof (balance, nonce) is not looked at: only what is verified counts.
 */
export function parseStateProof(answer: unknown): StateProof | undefined {
  const fields = fieldsOf(answer);
  const container = bytesOf(fields?.["containerHeader"]);
  const certificate = bytesOf(fields?.["certificate"]);
  const header = bytesOf(fields?.["blockHeader"]);
  const certificateEra = countOf(fields?.["certificateEra"], 2 ** 32);
  const branch = branchOf(fields?.["branch"]);
  const buckets = listOf(fields?.["buckets"], BUCKETS, bucketOf);
  if (container === undefined || certificate === undefined || header === undefined) return undefined;
  if (certificateEra === undefined || branch === undefined || buckets === undefined) return undefined;
  return { container, certificateEra, certificate, branch, header, buckets };
}

function branchOf(value: unknown): MerkleBranch | undefined {
  const fields = fieldsOf(value);
  const index = countOf(fields?.["index"], MAX_SEGMENTS);
  const count = countOf(fields?.["count"], MAX_SEGMENTS);
  const siblings = listOf(fields?.["siblings"], MAX_SIBLINGS, bytesOf);
  return index === undefined || count === undefined || siblings === undefined ? undefined : { index, count, siblings };
}

function bucketOf(value: unknown): BucketProof | undefined {
  const fields = fieldsOf(value);
  const bucket = countOf(fields?.["bucket"], BUCKETS);
  const entries = bytesOf(fields?.["entries"]);
  const siblings = listOf(fields?.["siblings"], MAX_SIBLINGS, bytesOf);
  return bucket === undefined || entries === undefined || siblings === undefined
    ? undefined
    : { bucket, entries, siblings };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return typeof value === "string" && value.startsWith("0x") ? fromHex(value) : undefined;
}

function countOf(value: unknown, limit: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= limit ? value : undefined;
}

function listOf<T>(value: unknown, limit: number, read: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > limit) return undefined;
  const items: T[] = [];
  for (const item of value) {
    const one = read(item);
    if (one === undefined) return undefined;
    items.push(one);
  }
  return items;
}
