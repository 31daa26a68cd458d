import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { MiningNews, MiningTask } from "./mining-thread.ts";

/** Milliseconds that a thread without work is kept: starting one takes longer than most proofs. */
const IDLE_MS = 10_000;

type Idle = { readonly worker: Worker; readonly end: NodeJS.Timeout };

/** Threads of this process that mine. As many as there are processors work at a time; who wants more waits in line. */
export class MiningThreads {
  readonly #idle: Idle[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  /** Carries out the tasks that `split` makes of the threads there are, at least one, at most `wanted`. */
  async run(
    wanted: number,
    split: (threads: number) => readonly MiningTask[],
    hear: (news: MiningNews) => void,
  ): Promise<void> {
    const most = Math.max(availableParallelism(), wanted);
    while (this.#busy >= most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const tasks = split(Math.min(wanted, most - this.#busy));
    this.#busy += tasks.length;
    const runs = await Promise.allSettled(tasks.map((task) => this.#work(task, hear)));
    for (const run of runs) if (run.status === "rejected") throw run.reason;
  }

  async #work(task: MiningTask, hear: (news: MiningNews) => void): Promise<void> {
    const worker = this.#take();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const message = (news: MiningNews): void => {
      hear(news);
      if (news.done) resolve();
    };
    worker.on("message", message).once("error", reject);
    try {
      worker.postMessage(task);
      await promise;
      worker.off("message", message).off("error", reject);
      this.#rest(worker);
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  #take(): Worker {
    const idle = this.#idle.pop();
    if (idle === undefined) return new Worker(new URL("./mining-thread.ts", import.meta.url));
    clearTimeout(idle.end);
    idle.worker.ref();
    return idle.worker;
  }

  /** It keeps no process alive. */
  #rest(worker: Worker): void {
    const end = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((idle) => idle.worker === worker),
        1,
      );
      void worker.terminate();
    }, IDLE_MS);
    end.unref();
    worker.unref();
    this.#idle.push({ worker, end });
  }
}
