import { Writer } from "@tributary/protocol/bytes/writer";

/** Of one request or answer: the dealings of the largest committee as text, and room. */
export const MAX_FRAME_BYTES: number = 4 * 1024 * 1024;
const HEAD_BYTES = 9;

/** What a frame holds. Requests: a call (JSON) or a statement. Answers: a value (JSON), signatures, or an error (JSON). */
export const FRAME = { call: 1, statement: 2, value: 3, signed: 4, error: 5 } as const;

export type VaultFrame = {
  /** The request's number; an answer has that of its request. */
  readonly id: number;
  readonly kind: number;
  readonly payload: Uint8Array;
};

/** u32 length of the payload ‖ u32 id ‖ u8 kind ‖ payload. */
export function encodeVaultFrame({ id, kind, payload }: VaultFrame): Uint8Array {
  const writer = new Writer(HEAD_BYTES + payload.length);
  return writer.u32(payload.length).u32(id).u8(kind).bytes(payload).finish();
}

/** Puts frames together from what a socket gives. Holds one frame at most. */
export class VaultFrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** False where a frame is longer than it may be, or `take` says so: the connection must end. */
  push(chunk: Buffer, take: (frame: VaultFrame) => boolean): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted()) return true;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32BE(0);
      if (length > MAX_FRAME_BYTES) return false;
      if (rest.length < HEAD_BYTES + length) break;
      const payload = new Uint8Array(rest.subarray(HEAD_BYTES, HEAD_BYTES + length));
      if (!take({ id: rest.readUInt32BE(4), kind: rest.readUInt8(8), payload })) return false;
      rest = rest.subarray(HEAD_BYTES + length);
    }
    this.#chunks = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.#bytes = rest.length;
    return true;
  }

  /** Bytes without which nothing can be done: long frames are put together once. */
  #wanted(): number {
    const [first] = this.#chunks;
    if (first === undefined || first.length < 4) return HEAD_BYTES;
    const length = first.readUInt32BE(0);
    return length > MAX_FRAME_BYTES ? HEAD_BYTES : HEAD_BYTES + length;
  }
}
