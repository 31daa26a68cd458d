import type { Address } from "viem";
import type { Job } from "../job.ts";

type Place = { readonly job: Job; readonly order: number };

/** Transactions that may still be added to a route's. */
export type RouteRoom = (route: string) => number;

/**
 * Jobs without a nonce: those pinned to a signer by signer, the others by route. Routes take turns, so that a long queue
 * of one keeps no other waiting; within a route it goes by priority, then by age.
 */
export class JobQueue {
  /** No list is empty; whose turn it is stands first. */
  readonly #routes = new Map<string, Place[]>();
  readonly #pinned = new Map<Address, Place[]>();
  #last = 0;
  #first = 0;
  #size = 0;

  /** Jobs that any worker may take. */
  get size(): number {
    return this.#size;
  }

  /** Jobs of one route. */
  waiting(route: string): number {
    return this.#routes.get(route)?.length ?? 0;
  }

  /** Whether a worker would be given one. */
  hasWork(room: RouteRoom): boolean {
    return [...this.#routes.keys()].some((route) => room(route) > 0);
  }

  /** `front`: before all others of its priority, for a job that has waited once already. */
  add(job: Job, front = false): void {
    const place = { job, order: front ? --this.#first : ++this.#last };
    if (job.pinned !== undefined) insert(listOf(this.#pinned, job.pinned), place);
    else {
      insert(listOf(this.#routes, job.route), place);
      this.#size++;
    }
  }

  /** Takes out at most `limit` jobs for this signer; a funder (`pinnedOnly`) carries only what is pinned to it. */
  take(signer: Address, limit: number, pinnedOnly: boolean, room: RouteRoom): Job[] {
    const taken = (this.#pinned.get(signer)?.splice(0, limit) ?? []).map(({ job }) => job);
    if (this.#pinned.get(signer)?.length === 0) this.#pinned.delete(signer);
    if (pinnedOnly) return taken;
    const rooms = new Map<string, number>();
    for (const route of this.#routes.keys()) if (room(route) > 0) rooms.set(route, room(route));
    while (taken.length < limit && rooms.size > 0) {
      for (const [route, left] of [...rooms].slice(0, limit - taken.length)) {
        taken.push(this.#next(route));
        if (left > 1 && this.#routes.has(route)) rooms.set(route, left - 1);
        else rooms.delete(route);
      }
    }
    return taken;
  }

  /** The route's first job; its turn comes again after those of all others. */
  #next(route: string): Job {
    const list = this.#routes.get(route);
    const place = list?.shift();
    if (list === undefined || place === undefined) throw new Error("a route without jobs");
    this.#routes.delete(route);
    if (list.length > 0) this.#routes.set(route, list);
    this.#size--;
    return place.job;
  }
}

function listOf<K>(lists: Map<K, Place[]>, key: K): Place[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Place[] = [];
  lists.set(key, list);
  return list;
}

function insert(list: Place[], place: Place): void {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = list[middle];
    if (other !== undefined && before(other, place)) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, place);
}

function before(left: Place, right: Place): boolean {
  if (left.job.priority !== right.job.priority) return left.job.priority > right.job.priority;
  return left.order < right.order;
}
