import type { Random } from "../agreement/random.ts";
import type { Latencies } from "./simulated-member.ts";

/**
 * Checks and flushes take no time in some runs and a random while in others. `behind`: execution is often slow, so that
 * orders run ahead of it.
 */
export function drawLatencies(random: Random, behind: boolean): Latencies {
  const draw = (most: number) => {
    const scale = random.chance(0.3) ? 0 : random.fraction() * most;
    return scale === 0 ? () => 0 : () => random.fraction() * scale;
  };
  // Each file has a disk of its own, and some disks are slow.
  const disk = () => draw(random.chance(0.15) ? 400 : 12);
  return {
    log: disk(),
    journal: disk(),
    store: disk(),
    verify: draw(6),
    execute: draw(random.chance(behind ? 0.6 : 0.1) ? 400 : 20),
  };
}
