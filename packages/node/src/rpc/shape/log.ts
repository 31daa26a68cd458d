import type { LocatedLog } from "@tributary/chain";
import { data, quantity } from "../hex.ts";

export function logShape(located: LocatedLog): Record<string, unknown> {
  return {
    address: data(located.log.address),
    topics: located.log.topics.map(data),
    data: data(located.log.data),
    blockNumber: quantity(located.blockNumber),
    transactionHash: data(located.transactionHash),
    transactionIndex: quantity(located.transactionIndex),
    blockHash: data(located.blockHash),
    blockTimestamp: quantity(located.timestamp),
    logIndex: quantity(located.logIndex),
    removed: false,
  };
}
