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
    readyEpochs: (_group, era) => ready.filter((one) => one.era >= era && one.block <= newest()),
    standing: (_group, era) => standing(era, elapsed() - lag),
  };
}

/** READY of so many epochs, in blocks that are a few apart or the same. `eras`: some of them begin an era by schedule. */
export function readyEpochs(count: number, random: Random, eras: boolean): readonly ReadyEpoch[] {
  if (count === 0) return [];
  let block = 1 + random.below(6);
  let [era, epoch] = [1, 1];
  return Array.from({ length: count }, (_, index) => {
    if (index > 0) block += random.below(8);
    [era, epoch] = eras && random.chance(0.5) ? [era + 1, 1] : [era, epoch + 1];
    return { era, epoch, block };
  });
}

/** Changes of the rules whose times come during the run, or before anybody hears of them; one is taken back. */
export function announcedForks(random: Random, start: number): readonly ScheduledFork[] {
  const entry = (rules: number): ScheduledFork => {
    const block = 1 + random.below(8);
    return { rules, block, time: (start + random.below(6_000)) / 1000, cancelled: undefined };
  };
  const withdrawn = entry(2);
  return [{ ...withdrawn, cancelled: withdrawn.block + random.below(8) }, entry(2), entry(3)];
}
