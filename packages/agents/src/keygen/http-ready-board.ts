import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { CancelBoard, CancelEntry } from "@tributary/protocol/ports/cancel-board";
import type { ReadyBoard, ReadyEntry } from "@tributary/protocol/ports/ready-board";

/** Bytes: what a node shows of a chain is about 1 200 as JSON. */
const MAX_ANSWER_BYTES = 4_096;
const SIGNATURE_BYTES = 96;

/**
 * READY signatures, and beside them shares that cancel an opening, shown at `<rpc>/keygen/<chainId>`. The own ones are handed to the node's server by `shown`; the
 * others' are fetched. What comes from outside is only shaped here; whoever uses it checks the signatures.
 */
export class HttpReadyBoard implements ReadyBoard, CancelBoard {
  readonly #own = new Map<string, ReadyEntry>();
  readonly #cancels = new Map<string, CancelEntry>();

  publish(chainId: bigint, entry: ReadyEntry): void {
    this.#own.set(chainId.toString(), entry);
  }

  withdraw(chainId: bigint): void {
    this.#own.delete(chainId.toString());
  }

  publishCancel(chainId: bigint, entry: CancelEntry): void {
    this.#cancels.set(chainId.toString(), entry);
  }

  withdrawCancel(chainId: bigint): void {
    this.#cancels.delete(chainId.toString());
  }

  /** The own entries as JSON-able data, for GET /keygen/<chainId>. */
  shown(chainId: string): object | undefined {
    const entry = this.#own.get(chainId);
    const cancel = this.#cancels.get(chainId);
    if (entry === undefined && cancel === undefined) return undefined;
    return {
      ...(entry && { ...entry, registered: toHex(entry.registered), share: toHex(entry.share) }),
      ...(cancel && { cancel: { ...cancel, share: toHex(cancel.share) } }),
    };
  }

  async read(rpc: string, chainId: bigint, signal: AbortSignal): Promise<ReadyEntry | undefined> {
    return parseEntry(await fetchShown(rpc, chainId, signal));
  }

  async readCancel(rpc: string, chainId: bigint, signal: AbortSignal): Promise<CancelEntry | undefined> {
    return parseCancel(await fetchShown(rpc, chainId, signal));
  }
}

/** Undefined where the node is away, too slow, or answers nonsense. */
async function fetchShown(rpc: string, chainId: bigint, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(`${rpc}/keygen/${chainId}`, { signal, redirect: "error" });
    if (!response.ok || response.body === null) return undefined;
    return JSON.parse(await boundedText(response.body));
  } catch {
    return undefined;
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

/** As `parseEntry`, of what is shown beside it. */
export function parseCancel(value: unknown): CancelEntry | undefined {
  const cancel = typeof value === "object" && value !== null ? (value as Record<string, unknown>)["cancel"] : undefined;
  if (typeof cancel !== "object" || cancel === null) return undefined;
  const fields = cancel as Record<string, unknown>;
  const { openingId, era, epoch, seat } = fields;
  const share = signature(fields["share"]);
  if (!isHash(openingId) || share === undefined || !isCount(era) || !isCount(epoch) || !isCount(seat)) return undefined;
  return { openingId, era, epoch, seat, share };
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
