import { fromHex } from "@tributary/protocol/bytes/hex";
import { ASSIGNMENT_WINDOW } from "@tributary/protocol/consensus/parameters";
import { assignees, assignmentHeight } from "@tributary/protocol/consensus/routing";
import type { Height, HexHash, Seat } from "@tributary/protocol/consensus/types";

/** Senders whose order of assignees is remembered within a window: as many as the largest pool may have. */
const MAX_REMEMBERED = 131_072;
const KEPT_HEIGHTS = 2 * ASSIGNMENT_WINDOW + 4;

/** The height whose beacon assigns senders at a height; the genesis takes the place of what lies below 1. */
export function assigningHeight(height: Height): Height {
  return Math.max(0, assignmentHeight(height));
}

/** Which members propose a sender's transactions, first to last, as far as this member knows the beacons. consensus.md 9. */
export class Assignment {
  readonly #members: number;
  readonly #all: bigint;
  readonly #beacons = new Map<Height, HexHash>();
  readonly #remembered = new Map<string, readonly Seat[]>();
  #accepted: readonly [bigint, bigint];
  /** What the remembered orders are for. */
  #window = -1;
  #absent = 0n;

  constructor(members: number, genesisBeacon: HexHash) {
    this.#members = members;
    this.#all = (1n << BigInt(members)) - 1n;
    this.#accepted = [this.#all, this.#all];
    this.#beacons.set(0, genesisBeacon);
  }

  /** The beacon and the accepted seats of a height. */
  ordered(height: Height, beacon: HexHash, accepted: bigint): void {
    this.#beacons.set(height, beacon);
    this.#accepted = [this.#accepted[1], accepted];
    for (const known of this.#beacons.keys()) {
      if (known > 0 && known < height - KEPT_HEIGHTS) this.#beacons.delete(known);
    }
  }

  knows(height: Height): boolean {
    return this.#beacons.has(height);
  }

  learn(height: Height, beacon: HexHash): void {
    this.#beacons.set(height, beacon);
  }

  /** All seats, the live ones first; undefined where the window's beacon is not known here. */
  assignees(sender: string, height: Height): readonly Seat[] | undefined {
    const window = assigningHeight(height);
    const beacon = this.#beacons.get(window);
    if (beacon === undefined) return undefined;
    const dead = this.#all & ~(this.#accepted[0] | this.#accepted[1]);
    if (window !== this.#window || dead !== this.#absent || this.#remembered.size > MAX_REMEMBERED) {
      this.#remembered.clear();
      this.#window = window;
      this.#absent = dead;
    }
    let seats = this.#remembered.get(sender);
    if (seats === undefined) {
      seats = assignees(beacon, fromHex(sender) ?? new Uint8Array(0), this.#members, dead);
      this.#remembered.set(sender, seats);
    }
    return seats;
  }
}
