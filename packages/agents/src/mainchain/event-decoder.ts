import { type Abi, type Address, decodeEventLog, type Log } from "viem";
import { isFolded, type MainchainEvent } from "./events.ts";

export type ContractAbi = { readonly address: Address; readonly abi: Abi };

/**
 * Reads the logs of the given contracts as the events that agents fold; undefined for anything else.
 */
export function eventDecoder(
  contracts: readonly ContractAbi[],
): (log: Log<bigint, number, false>) => MainchainEvent | undefined {
  const abis = new Map(contracts.map(({ address, abi }) => [address.toLowerCase(), abi]));
  return (log) => {
    const abi = abis.get(log.address.toLowerCase());
    if (abi === undefined) return undefined;
    try {
      const { eventName, args } = decodeEventLog({ abi, data: log.data, topics: log.topics, strict: true });
      if (eventName === undefined || !isFolded(eventName)) return undefined;
      return { name: eventName, ...(args as object | undefined) } as unknown as MainchainEvent;
    } catch {
      // An event that this version does not know.
      return undefined;
    }
  };
}
