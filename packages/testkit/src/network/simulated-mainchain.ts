import type { MainchainView, ReadyEpoch } from "@tributary/node/consensus/ports";
import { uint } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { Checkpoint, HexHash } from "@tributary/protocol/consensus/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";

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
 * epochs of the group, ascending.
 */
export function simulatedMainchain(
  elapsed: () => number,
  lag: number,
  ready: readonly ReadyEpoch[] = [],
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
    readyEpochs: () => ready.filter(({ block }) => block <= newest()),
  };
}
