import type { StatusReport } from "./backend.ts";
import { quantity } from "./hex.ts";

/** What eth_syncing answers: false, or how far the member is. */
export function syncingShape(status: StatusReport): false | Record<string, string> {
  if (status.status !== "syncing") return false;
  return {
    startingBlock: "0x0",
    currentBlock: quantity(status.height),
    highestBlock: quantity(Math.max(status.height, status.highestHeight)),
  };
}
