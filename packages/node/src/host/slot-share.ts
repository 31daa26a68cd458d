import type { PoolLimits } from "@tributary/chain/pool/pool-environment";

/** Slots that a node has for its chains. */
export const NODE_SLOTS = 128;

const MIB: number = 1024 * 1024;

/** Waiting transactions that a slot buys, and the bytes of them. */
const POOL_COUNT_PER_SLOT = 4_096;
const POOL_BYTES_PER_SLOT: number = 4 * MIB;
/** What one chain's pool holds at most, however many slots it has: more is never executed in useful time. */
const POOL_COUNT = 131_072;
const POOL_BYTES: number = 256 * MIB;
const POOL_PER_ACCOUNT = 1_024;

/** Bounds of a chain's pool. */
export function poolLimits(slots: number): PoolLimits {
  return {
    count: Math.min(slots * POOL_COUNT_PER_SLOT, POOL_COUNT),
    bytes: Math.min(slots * POOL_BYTES_PER_SLOT, POOL_BYTES),
    perAccount: POOL_PER_ACCOUNT,
  };
}

/** Bytes on disk that the slots buy of what the operator gives to the node. */
export function diskQuota(slots: number, nodeBytes: number): number {
  return Math.floor((nodeBytes * slots) / NODE_SLOTS);
}

/** Heights a second that a slot buys: each costs its signatures and messages, however little it holds. */
const HEIGHTS_PER_SLOT = 4;

/** Milliseconds between two proposals of a member at least; from a few slots on the protocol's own spacing is longer. */
export function proposalSpacing(slots: number): number {
  return 1_000 / (HEIGHTS_PER_SLOT * slots);
}
