import { availableParallelism } from "node:os";
import type { MiningNews, MiningTask } from "./mining-thread.ts";
import { MiningThreads } from "./mining-threads.ts";

export type MiningProgress = {
  /** Hashes tried so far. */
  readonly tried: number;
  /** Hashes that it takes on average. */
  readonly expected: number;
};

export type MiningOptions = {
  /** Threads; all processors but one by default. */
  readonly threads?: number;
  /** Called every so often while the work goes on. */
  readonly onProgress?: (progress: MiningProgress) => void;
  readonly signal?: AbortSignal;
};

const threads = new MiningThreads();

/** Finds a counter whose attempt shows so many hashes of work. Rejects with the signal's reason when it is aborted. */
export async function mineWork(challenge: Uint8Array, hashes: number, options: MiningOptions = {}): Promise<bigint> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const wanted = Math.max(1, options.threads ?? availableParallelism() - 1);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const { promise, resolve, reject } = Promise.withResolvers<bigint>();
  const split = (stride: number): readonly MiningTask[] =>
    Array.from({ length: stride }, (_, from) => ({ challenge, hashes, from, stride, stop }));
  let tried = 0;
  const hear = (news: MiningNews): void => {
    if (news.counter !== undefined) {
      Atomics.store(stop, 0, 1);
      resolve(news.counter);
    } else if (Atomics.load(stop, 0) === 0) {
      tried += news.tried;
      onProgress?.({ tried, expected: hashes });
    }
  };
  const abort = (): void => {
    Atomics.store(stop, 0, 1);
    reject(signal?.reason as Error);
  };
  signal?.addEventListener("abort", abort, { once: true });
  threads.run(wanted, split, hear).catch(reject);
  return await promise.finally(() => signal?.removeEventListener("abort", abort));
}
