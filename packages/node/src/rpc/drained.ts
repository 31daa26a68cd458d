import type { Readable } from "node:stream";

/** What is read of a body that is thrown away, and for how long, before its sender is cut off. */
const MAX_BYTES: number = 32 * 1024 * 1024;
const MAX_MS = 5_000;

/**
 * Reads a refused request to its end without keeping it. A connection that is closed while its client still writes is
 * reset, and the client never sees the answer.
 */
export function drained(request: Readable): Promise<void> {
  if (request.readableEnded || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const count = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) done();
    };
    const done = (): void => {
      clearTimeout(timer);
      request.off("data", count).off("end", done).off("close", done);
      request.pause();
      resolve();
    };
    const timer = setTimeout(done, MAX_MS);
    request.on("data", count).once("end", done).once("close", done);
    request.resume();
  });
}
