import type { EraStanding, MainchainView, ReadyEpoch } from "@tributary/node/consensus/ports";
import { uint } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { Checkpoint, HexHash } from "@tributary/protocol/consensus/types";
import type { ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { Random } from "../agreement/random.ts";

/** Milliseconds between two finalised blocks. */
const BLOCK_MS = 400;

const hashes = new Map<number, HexHash>();

function blockHash(number: number): HexHash {
  let hash = hashes.get(number);
  if (hash === undefined) {
    hash = toHex(keccak256(uint(number, 8)));
    hashes.set(number, hash);
  }
  return hash;
}

/**
 * One mainchain, seen by each member with a lag of its own. `elapsed`: milliseconds since the start; `ready`: later
 * epochs of the group, ascending; `standing`: of an era, for who saw what happened up to some milliseconds; `forks`: those
 * that are announced.
 */
export function simulatedMainchain(
  elapsed: () => number,
  lag: number,
  ready: readonly ReadyEpoch[] = [],
  standing: (era: number, elapsed: number) => EraStanding = () => "open",
  forks: readonly ScheduledFork[] = [],
): MainchainView {
  const newest = (): number => Math.max(0, Math.floor((elapsed() - lag) / BLOCK_MS));
  return {
    checkpoints(): readonly Checkpoint[] {
      const last = newest();
      const list: Checkpoint[] = [];
      for (let number = Math.max(1, last - 3); number <= last; number++) list.push({ number, hash: blockHash(number) });
      return list;
    },
    check({ number, hash }) {
      if (number > newest()) return "unknown";
      return blockHash(number) === hash ? "known" : "conflict";
    },
    forks: () => ({ entries: forks.filter(({ block }) => block <= newest()), through: newest() }),
    readyEpochs: (_group, era) => (era === 1 ? ready.filter(({ block }) => block <= newest()) : []),
    standing: (_group, era) => standing(era, elapsed() - lag),
  };
}

/** READY of so many epochs, in blocks that are a few apart or the same. */
export function readyEpochs(count: number, random: Random): readonly ReadyEpoch[] {
  if (count === 0) return [];
  let block = 1 + random.below(6);
  return Array.from({ length: count }, (_, index) => {
    if (index > 0) block += random.below(8);
    return { epoch: index + 2, block };
  });
}
