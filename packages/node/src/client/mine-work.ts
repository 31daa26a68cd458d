import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

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

/** What a thread is given. Threads try every `stride`th counter, each from its own on. */
export type MiningTask = {
  readonly challenge: Uint8Array;
  readonly hashes: number;
  readonly from: number;
  readonly stride: number;
};
/** What a thread says: so many tries more, or the counter that was found. */
export type MiningNews = { readonly tried: number } | { readonly counter: bigint };

/** Finds a counter whose attempt shows so many hashes of work. Rejects with the signal's reason when it is aborted. */
export function mineWork(challenge: Uint8Array, hashes: number, options: MiningOptions = {}): Promise<bigint> {
  const { signal, onProgress } = options;
  const threads = Math.max(1, options.threads ?? availableParallelism() - 1);
  const { promise, resolve, reject } = Promise.withResolvers<bigint>();
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
  let tried = 0;
  const workers = Array.from({ length: threads }, (_, from) => {
    const task: MiningTask = { challenge, hashes, from, stride: threads };
    const worker = new Worker(new URL("./mining-thread.ts", import.meta.url), { workerData: task });
    worker.on("error", reject);
    worker.on("message", (news: MiningNews) => {
      if ("counter" in news) {
        resolve(news.counter);
        return;
      }
      tried += news.tried;
      onProgress?.({ tried, expected: hashes });
    });
    return worker;
  });
  const abort = (): void => reject(signal?.reason as Error);
  signal?.addEventListener("abort", abort, { once: true });
  return promise.finally(async () => {
    signal?.removeEventListener("abort", abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
}
