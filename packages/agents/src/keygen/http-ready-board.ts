import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { ReadyBoard, ReadyEntry } from "@tributary/protocol/ports/ready-board";

/** Bytes: one entry is about 700 as JSON. */
const MAX_ANSWER_BYTES = 4_096;
const SIGNATURE_BYTES = 96;

/**
 * READY signatures shown at `<rpc>/keygen/<chainId>`. The own ones are handed to the node's server by `shown`; the
 * others' are fetched. What comes from outside is only shaped here; whoever uses it checks the signatures.
 */
export class HttpReadyBoard implements ReadyBoard {
  readonly #own = new Map<string, ReadyEntry>();

  publish(chainId: bigint, entry: ReadyEntry): void {
    this.#own.set(chainId.toString(), entry);
  }

  withdraw(chainId: bigint): void {
    this.#own.delete(chainId.toString());
  }

  /** The own entry as JSON-able data, for GET /keygen/<chainId>. */
  shown(chainId: string): object | undefined {
    const entry = this.#own.get(chainId);
    if (entry === undefined) return undefined;
    return { ...entry, registered: toHex(entry.registered), share: toHex(entry.share) };
  }

  async read(rpc: string, chainId: bigint, signal: AbortSignal): Promise<ReadyEntry | undefined> {
    try {
      const response = await fetch(`${rpc}/keygen/${chainId}`, { signal, redirect: "error" });
      if (!response.ok || response.body === null) return undefined;
      return parseEntry(JSON.parse(await boundedText(response.body)));
    } catch {
      // Away, too slow, or nonsense: the same as nothing.
      return undefined;
    }
  }
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError("answer too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Undefined where a field is missing or of another shape. */
export function parseEntry(value: unknown): ReadyEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const { group, era, epoch, seat, digest } = fields;
  const registered = signature(fields["registered"]);
  const share = signature(fields["share"]);
  if (!isHash(group) || !isHash(digest) || registered === undefined || share === undefined) return undefined;
  if (!isCount(era) || !isCount(epoch) || !isCount(seat)) return undefined;
  return { group, era, epoch, seat, digest, registered, share };
}

function signature(value: unknown): Uint8Array | undefined {
  const bytes = typeof value === "string" ? fromHex(value) : undefined;
  return bytes?.length === SIGNATURE_BYTES ? bytes : undefined;
}

function isHash(value: unknown): value is HexHash {
  return typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
