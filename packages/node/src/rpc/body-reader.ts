import type { Readable } from "node:stream";
import type { Holding } from "./held-bytes.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";

/** Bytes of a body or message that are taken however much is held: most are far smaller. */
export const SMALL_BODY_BYTES = 16_384;

/** `too-large`: no such body is ever taken; `full`: not now, since others hold so much. */
export class BodyRefused extends Error {
  override readonly name = "BodyRefused";
  readonly code: "too-large" | "full";

  constructor(code: "too-large" | "full") {
    super(code);
    this.code = code;
  }
}

/** Reads a request's body of `announced` bytes, if it says so. Throws BodyRefused; the rest is then not read. */
export function readBody(request: Readable, announced: number, own: Holding): Promise<Buffer> {
  if (announced > MAX_REQUEST_BYTES) return Promise.reject(new BodyRefused("too-large"));
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const take = (part: Buffer): void => {
      parts.push(part);
      own.set(own.bytes + part.length);
      const isFull = own.bytes > SMALL_BODY_BYTES && own.isFull;
      if (own.bytes <= MAX_REQUEST_BYTES && !isFull) return;
      request.off("data", take).off("end", end);
      parts.length = 0;
      reject(new BodyRefused(own.bytes > MAX_REQUEST_BYTES ? "too-large" : "full"));
      own.set(0);
    };
    const end = (): void => resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
    request.on("data", take).once("end", end).once("error", reject);
  });
}
