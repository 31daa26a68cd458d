import type { Abi } from "viem";
import type { Job } from "../job.ts";
import { PoolError } from "../pool-error.ts";
import type { Ledger } from "./ledger.ts";
import type { Limits } from "./options.ts";

export type IntakePorts = {
  readonly ledger: Ledger;
  readonly limits: Limits;
  readonly abis: Map<string, Abi>;
  /** Throws where the pool takes no jobs. */
  readonly mustBeOpen: () => void;
  /** Jobs have become durable. */
  readonly accepted: () => void;
  readonly fatal: (error: unknown) => void;
};

/** The pool's door: jobs that come in at once become durable together, and one key is one job. */
export class Intake {
  readonly #ports: IntakePorts;
  readonly #waiting: { readonly job: Job; readonly done: (accepted: boolean, error?: unknown) => void }[] = [];
  /** Jobs that are not durable yet, by route. */
  readonly #arriving = new Map<string, number>();
  readonly #pendingKeys = new Map<string, Promise<Job>>();

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** Refuses what is not being made durable yet. */
  close(): void {
    for (const { done } of this.#waiting.splice(0)) done(false, new PoolError("CLOSED", "the pool is closed"));
  }

  /** The job itself, durable, or the one that has had its key before. */
  async take(job: Job, abi: Abi | undefined): Promise<Job> {
    const key = job.idempotencyKey;
    if (key === undefined) return await this.#accepted(job, abi);
    const pending = this.#pendingKeys.get(key);
    if (pending !== undefined) return await pending;
    const { ledger } = this.#ports;
    const arrival = ledger.jobByKey(key).then((known) => known ?? this.#accepted(job, abi));
    this.#pendingKeys.set(key, arrival);
    return await arrival.finally(() => this.#pendingKeys.delete(key));
  }

  /** Resolves when the job is durable; jobs of one turn of the event loop share a transaction. */
  async #accepted(job: Job, abi: Abi | undefined): Promise<Job> {
    this.#ports.mustBeOpen();
    const { ledger, abis } = this.#ports;
    this.#mustHaveRoom(job.route);
    this.#arrive(job.route, 1);
    if (abi !== undefined) abis.set(job.id, abi);
    try {
      const own = await new Promise<boolean>((resolve, reject) => {
        const done = (accepted: boolean, error?: unknown): void =>
          error === undefined ? resolve(accepted) : reject(error);
        if (this.#waiting.push({ job, done }) === 1) setImmediate(() => void this.#flush());
      });
      if (own) return job;
    } catch (error) {
      abis.delete(job.id);
      throw error;
    } finally {
      this.#arrive(job.route, -1);
    }
    abis.delete(job.id);
    const first = await ledger.jobByKey(job.idempotencyKey ?? "");
    if (first === undefined) throw new Error("neither this job nor another one has its key");
    return first;
  }

  #arrive(route: string, by: 1 | -1): void {
    const count = (this.#arriving.get(route) ?? 0) + by;
    if (count > 0) this.#arriving.set(route, count);
    else this.#arriving.delete(route);
  }

  #mustHaveRoom(route: string): void {
    const { ledger, limits } = this.#ports;
    const arriving = [...this.#arriving.values()].reduce((sum, count) => sum + count, 0);
    if (ledger.openJobs + arriving >= limits.maxOpenJobs) {
      throw new PoolError("QUEUE_FULL", `${limits.maxOpenJobs} jobs are not done yet`);
    }
    if (ledger.isFull(route, this.#arriving.get(route) ?? 0)) {
      throw new PoolError("QUEUE_FULL", "the route has as many open jobs as it may");
    }
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) return;
    try {
      const accepted = await this.#ports.ledger.accept(waiting.map(({ job }) => job));
      for (const { job, done } of waiting) done(accepted.has(job));
    } catch (error) {
      for (const { done } of waiting) done(false, error);
      this.#ports.fatal(error);
      return;
    }
    this.#ports.accepted();
  }
}
