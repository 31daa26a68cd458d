import type { Address } from "viem";
import type { Job } from "../job.ts";

type Place = { readonly job: Job; readonly order: number };

/** Jobs without a nonce: those pinned to a signer by signer, the others by priority, then by age. */
export class JobQueue {
  readonly #free: Place[] = [];
  readonly #pinned = new Map<Address, Place[]>();
  #last = 0;
  #first = 0;

  /** Jobs that any worker may take. */
  get size(): number {
    return this.#free.length;
  }

  /** `front`: before all others of its priority, for a job that has waited once already. */
  add(job: Job, front = false): void {
    const place = { job, order: front ? --this.#first : ++this.#last };
    const list = this.#listOf(job.pinned);
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = list[middle];
      if (other !== undefined && before(other, place)) low = middle + 1;
      else high = middle;
    }
    list.splice(low, 0, place);
  }

  /** Takes out at most `limit` jobs for this signer; a funder (`pinnedOnly`) carries only what is pinned to it. */
  take(signer: Address, limit: number, pinnedOnly: boolean): Job[] {
    const own = this.#pinned.get(signer)?.splice(0, limit) ?? [];
    const free = pinnedOnly ? [] : this.#free.splice(0, limit - own.length);
    return [...own, ...free].map(({ job }) => job);
  }

  #listOf(pinned: Address | undefined): Place[] {
    if (pinned === undefined) return this.#free;
    let list = this.#pinned.get(pinned);
    if (list === undefined) {
      list = [];
      this.#pinned.set(pinned, list);
    }
    return list;
  }
}

function before(left: Place, right: Place): boolean {
  if (left.job.priority !== right.job.priority) return left.job.priority > right.job.priority;
  return left.order < right.order;
}
