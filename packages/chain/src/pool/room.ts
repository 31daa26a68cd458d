import type { Lane } from "@tributary/protocol/gasless/lanes";
import type { Waiting } from "./sender-queue.ts";

/** Part of the pool that each lane may fill. Whoever has history may fill it all. */
const ROOM: Readonly<Record<Lane, number>> = { history: 1, work: 1 / 4, fresh: 1 / 2 };

/** Transactions of accounts without history that wait at most: more are not executed in useful time. */
const MAX_FRESH = 16_384;

type Bounds = { readonly count: number; readonly bytes: number };
type Occupant = Pick<Waiting, "sealed" | "room">;

/** How full the pool is, and each lane's part of it. */
export class Room {
  readonly #limits: Bounds;
  readonly #used: Readonly<Record<Lane, { count: number; bytes: number }>> = {
    history: { count: 0, bytes: 0 },
    work: { count: 0, bytes: 0 },
    fresh: { count: 0, bytes: 0 },
  };

  constructor(limits: Bounds) {
    this.#limits = limits;
  }

  get count(): number {
    const { history, work, fresh } = this.#used;
    return history.count + work.count + fresh.count;
  }

  get bytes(): number {
    const { history, work, fresh } = this.#used;
    return history.bytes + work.bytes + fresh.bytes;
  }

  enter({ sealed, room }: Occupant): void {
    this.#used[room].count += 1;
    this.#used[room].bytes += sealed.length;
  }

  leave({ sealed, room }: Occupant): void {
    this.#used[room].count -= 1;
    this.#used[room].bytes -= sealed.length;
  }

  #countLimit(lane: Lane): number {
    const limit = ROOM[lane] * this.#limits.count;
    return lane === "fresh" ? Math.min(limit, MAX_FRESH) : limit;
  }

  /** Whether so many bytes more, of one transaction, fit into the pool, or into a lane's part of it. */
  fits(bytes: number, lane?: Lane): boolean {
    if (lane === undefined) return this.count < this.#limits.count && this.bytes + bytes <= this.#limits.bytes;
    const used = this.#used[lane];
    return used.count < this.#countLimit(lane) && used.bytes + bytes <= ROOM[lane] * this.#limits.bytes;
  }

  /** Part of the lane's room that is in use, 0 to 1. */
  fill(lane: Lane): number {
    const { count, bytes } = this.#used[lane];
    return Math.max(count / this.#countLimit(lane), bytes / (ROOM[lane] * this.#limits.bytes));
  }
}
