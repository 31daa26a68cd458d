import { concat, equal, uint } from "../bytes/bytes.ts";
import { keccak256 } from "../crypto/keccak.ts";

// Leaf, node and root have prefixes of their own, and the root hashes the count in: no list can pass for another.
const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);
const ROOT = Uint8Array.of(0x02);
const EMPTY = new Uint8Array(32);

/** What proves one leaf: its place, the number of leaves, and the siblings from the leaf upwards. */
export type MerkleBranch = {
  readonly index: number;
  readonly count: number;
  readonly siblings: readonly Uint8Array[];
};

/**
 * keccak256(0x02 ‖ u32 count ‖ top): leaves are keccak256(0x00 ‖ data), inner nodes keccak256(0x01 ‖ left ‖ right), a
 * last node without a sibling moves up as it is, and the top of no leaves is 32 zero bytes.
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves.map((leaf) => keccak256(concat(LEAF, leaf)));
  while (level.length > 1) level = nextLevel(level);
  return rootOf(leaves.length, level[0] ?? EMPTY);
}

/** The branch of the leaf at `index`, which must exist. */
export function merkleBranch(leaves: readonly Uint8Array[], index: number): MerkleBranch {
  const siblings: Uint8Array[] = [];
  let level = leaves.map((leaf) => keccak256(concat(LEAF, leaf)));
  for (let place = index; level.length > 1; place >>= 1, level = nextLevel(level)) {
    const sibling = level[place ^ 1];
    if (sibling !== undefined) siblings.push(sibling);
  }
  return { index, count: leaves.length, siblings };
}

/** Whether the branch shows that `leaf` stands at its place under `root`. */
export function verifyMerkleBranch(root: Uint8Array, leaf: Uint8Array, branch: MerkleBranch): boolean {
  let place = branch.index;
  let width = branch.count;
  if (!Number.isInteger(place) || place < 0 || place >= width) return false;
  let used = 0;
  let node = keccak256(concat(LEAF, leaf));
  for (; width > 1; place >>= 1, width = (width + 1) >>> 1) {
    if ((place ^ 1) >= width) continue;
    const sibling = branch.siblings[used];
    if (sibling === undefined || sibling.length !== 32) return false;
    used += 1;
    node = (place & 1) === 0 ? keccak256(concat(NODE, node, sibling)) : keccak256(concat(NODE, sibling, node));
  }
  return used === branch.siblings.length && equal(rootOf(branch.count, node), root);
}

function nextLevel(level: readonly Uint8Array[]): Uint8Array[] {
  const next: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] ?? EMPTY;
    const right = level[i + 1];
    next.push(right === undefined ? left : keccak256(concat(NODE, left, right)));
  }
  return next;
}

function rootOf(count: number, top: Uint8Array): Uint8Array {
  return keccak256(concat(ROOT, uint(count, 4), top));
}
