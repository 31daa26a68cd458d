import { isDone, type Job } from "../job.ts";

/** What one route may take, so that it cannot starve another one. */
export type RouteLimits = {
  /** Jobs that are not done; more are refused with QUEUE_FULL. */
  readonly maxOpen?: number | undefined;
  /** Transactions of all signers that are not mined yet. */
  readonly maxInFlight?: number | undefined;
};

type Count = { open: number; mined: number };

const NONE: RouteLimits = {};

/** Counts each route's open jobs against its limits. */
export class RouteBook {
  readonly #limits: ReadonlyMap<string, RouteLimits>;
  readonly #counts = new Map<string, Count>();

  constructor(limits: Readonly<Record<string, RouteLimits>>) {
    this.#limits = new Map(Object.entries(limits));
  }

  note(before: Job | undefined, after: Job): void {
    const count = this.#counts.get(after.route) ?? { open: 0, mined: 0 };
    if (before !== undefined) add(count, before, -1);
    add(count, after, 1);
    if (count.open > 0) this.#counts.set(after.route, count);
    else this.#counts.delete(after.route);
  }

  /** `arriving`: accepted and not durable yet. */
  isFull(route: string, arriving: number): boolean {
    const { maxOpen } = this.#limits.get(route) ?? NONE;
    return maxOpen !== undefined && (this.#counts.get(route)?.open ?? 0) + arriving >= maxOpen;
  }

  /** Transactions that may be added now; `waiting` of the route's open jobs are in the queue. */
  room(route: string, waiting: number): number {
    const { maxInFlight } = this.#limits.get(route) ?? NONE;
    if (maxInFlight === undefined) return Number.POSITIVE_INFINITY;
    const { open, mined } = this.#counts.get(route) ?? { open: 0, mined: 0 };
    return maxInFlight - (open - waiting - mined);
  }
}

function add(count: Count, job: Job, by: number): void {
  if (isDone(job.state)) return;
  count.open += by;
  if (job.state === "mined" || job.state === "reverted") count.mined += by;
}
