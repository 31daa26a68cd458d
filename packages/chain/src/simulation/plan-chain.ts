import type { EthereumHeader } from "../block/ethereum.ts";
import { type BlockPlan, SimulationError } from "./simulation.ts";

/** Blocks that a simulation may reach beyond its base (geth's value). */
export const MAX_SIMULATED_BLOCKS = 256;
/** Seconds between blocks whose time is not given (geth's value). */
const BLOCK_SECONDS = 12;

/** A plan whose block has a number and a time. */
export type PlacedPlan = BlockPlan & {
  readonly block: BlockPlan["block"] & { readonly number: number; readonly timestamp: number };
};

/** Gives each block its number and time, and fills gaps between numbers with empty blocks. Throws SimulationError. */
export function placeBlocks(base: EthereumHeader, plans: readonly BlockPlan[]): readonly PlacedPlan[] {
  const placed: PlacedPlan[] = [];
  let { number: last, timestamp: time } = base;
  for (const plan of plans) {
    const number = plan.block.number ?? last + 1;
    if (number <= last) {
      throw new SimulationError("block-number", `block numbers must be in order: ${number} <= ${last}`);
    }
    if (number - base.number > MAX_SIMULATED_BLOCKS) throw new SimulationError("too-many-blocks", "too many blocks");
    for (let gap = last + 1; gap < number; gap++) {
      time += BLOCK_SECONDS;
      placed.push({ block: { number: gap, timestamp: time }, state: [], calls: [] });
    }
    const timestamp = plan.block.timestamp ?? time + BLOCK_SECONDS;
    if (timestamp <= time) {
      throw new SimulationError("timestamp", `block timestamps must be in order: ${timestamp} <= ${time}`);
    }
    placed.push({ ...plan, block: { ...plan.block, number, timestamp } });
    last = number;
    time = timestamp;
  }
  return placed;
}
