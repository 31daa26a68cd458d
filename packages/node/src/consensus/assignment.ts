import { compare, concat, uint } from "@tributary/protocol/bytes/bytes";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { ASSIGNMENT_WINDOW } from "@tributary/protocol/consensus/parameters";
import type { Height, HexHash, Seat } from "@tributary/protocol/consensus/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";

/** Senders whose order of assignees is remembered within a window. */
const MAX_REMEMBERED = 20_000;
const KEPT_HEIGHTS = 2 * ASSIGNMENT_WINDOW + 4;

/** w: the height whose beacon assigns senders at height h; below 1 the genesis takes its place. */
export function assignmentHeight(height: Height): Height {
  return Math.max(0, ASSIGNMENT_WINDOW * Math.floor(height / ASSIGNMENT_WINDOW) - 2);
}

/**
 * Which members propose a sender's transactions, first to last: by keccak256(beacon(w) ‖ sender ‖ u16 seat), without
 * seats that were left out at both of the last two known heights. A convention of honest members. consensus.md 9.
 */
export class Assignment {
  readonly #members: number;
  readonly #beacons = new Map<Height, HexHash>();
  readonly #remembered = new Map<string, readonly Seat[]>();
  #accepted: readonly [bigint, bigint];
  #key = "";

  constructor(members: number, genesisBeacon: HexHash) {
    this.#members = members;
    const all = (1n << BigInt(members)) - 1n;
    this.#accepted = [all, all];
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
    const window = assignmentHeight(height);
    const beacon = this.#beacons.get(window);
    if (beacon === undefined) return undefined;
    const dead = ~(this.#accepted[0] | this.#accepted[1]);
    const key = `${window}.${dead}`;
    if (key !== this.#key || this.#remembered.size > MAX_REMEMBERED) {
      this.#remembered.clear();
      this.#key = key;
    }
    let seats = this.#remembered.get(sender);
    if (seats === undefined) {
      seats = this.#sort(beacon, sender, dead);
      this.#remembered.set(sender, seats);
    }
    return seats;
  }

  #sort(beacon: HexHash, sender: string, dead: bigint): readonly Seat[] {
    const prefix = concat(fromHex(beacon) ?? new Uint8Array(0), fromHex(sender) ?? new Uint8Array(0));
    return Array.from({ length: this.#members }, (_, seat) => ({
      seat,
      dead: (dead >> BigInt(seat)) & 1n,
      key: keccak256(concat(prefix, uint(seat, 2))),
    }))
      .sort((a, b) => Number(a.dead - b.dead) || compare(a.key, b.key))
      .map(({ seat }) => seat);
  }
}
