import type { Lane } from "@tributary/protocol/gasless/lanes";
import type { Waiting } from "./sender-queue.ts";

/** In whose part of the pool a transaction waits: its lane's, or that for all that the owner sponsors. */
export type PoolRoom = Lane | "sponsored";

/** Part of the pool that may be filled by each. Whoever has history may fill it all. */
const ROOM: Readonly<Record<PoolRoom, number>> = {
  priority: 1 / 4,
  history: 1,
  work: 1 / 4,
  fresh: 1 / 2,
  sponsored: 1 / 4,
};
const ROOMS = Object.keys(ROOM) as readonly PoolRoom[];

/**
 * Blocks' gas that may wait without history before newcomers are told to mine rather than to wait: while others ask
 * too, they get an eighth of each block, and what waits here is mined in eight times as many. Whoever takes no notice
 * is taken in all the same, while there is room.
 */
const SHORT_QUEUE_BLOCKS = 2;
/**
 * Blocks' gas that may wait without history in any case: more would not be mined within minutes, and every height looks
 * at all that waits.
 */
const LONG_QUEUE_BLOCKS = 64;

type Bounds = {
  readonly count: number;
  readonly bytes: number;
  /** G of the chain. */
  readonly blockGas: number;
};
type Occupant = Pick<Waiting, "sealed" | "room" | "gas">;

/** How full the pool is, and each lane's part of it. */
export class Room {
  readonly #limits: Bounds;
  /** Sum of gas limits in the room for those without history. */
  #freshGas = 0;
  readonly #used: Readonly<Record<PoolRoom, { count: number; bytes: number }>> = {
    priority: { count: 0, bytes: 0 },
    history: { count: 0, bytes: 0 },
    work: { count: 0, bytes: 0 },
    fresh: { count: 0, bytes: 0 },
    sponsored: { count: 0, bytes: 0 },
  };

  constructor(limits: Bounds) {
    this.#limits = limits;
  }

  get count(): number {
    return ROOMS.reduce((sum, room) => sum + this.#used[room].count, 0);
  }

  get bytes(): number {
    return ROOMS.reduce((sum, room) => sum + this.#used[room].bytes, 0);
  }

  enter({ sealed, room, gas }: Occupant): void {
    if (room === "fresh") this.#freshGas += gas;
    this.#used[room].count += 1;
    this.#used[room].bytes += sealed.length;
  }

  leave({ sealed, room, gas }: Occupant): void {
    if (room === "fresh") this.#freshGas -= gas;
    this.#used[room].count -= 1;
    this.#used[room].bytes -= sealed.length;
  }

  /** Whether so many bytes more, of one transaction, fit into the pool, or into a room of it. */
  fits(bytes: number, lane?: PoolRoom): boolean {
    if (lane === undefined) return this.count < this.#limits.count && this.bytes + bytes <= this.#limits.bytes;
    if (lane === "fresh" && this.#freshGas >= LONG_QUEUE_BLOCKS * this.#limits.blockGas) return false;
    const used = this.#used[lane];
    return used.count < ROOM[lane] * this.#limits.count && used.bytes + bytes <= ROOM[lane] * this.#limits.bytes;
  }

  /** Part of a room that is in use, 0 to 1. */
  fill(lane: PoolRoom): number {
    const { count, bytes } = this.#used[lane];
    const part = ROOM[lane];
    return Math.max(count / (part * this.#limits.count), bytes / (part * this.#limits.bytes));
  }

  /** Whether what comes without history is mined soon. */
  get short(): boolean {
    return this.fill("fresh") < 1 && this.#freshGas < SHORT_QUEUE_BLOCKS * this.#limits.blockGas;
  }
}
