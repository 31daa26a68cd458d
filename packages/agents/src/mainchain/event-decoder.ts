import { type Abi, type AbiEvent, type Address, decodeEventLog, type Hex, type Log, toEventSelector } from "viem";
import { isFolded, type MainchainEvent } from "./events.ts";

export type ContractAbi = { readonly address: Address; readonly abi: Abi };

/**
 * Reads the logs of the given contracts as the events that agents fold; undefined for anything else.
 */
export function eventDecoder(
  contracts: readonly ContractAbi[],
): (log: Log<bigint, number, false>) => MainchainEvent | undefined {
  // By contract and first topic: viem would hash the signature of every event of the contract for each log.
  const known = new Map(contracts.map(({ address, abi }) => [address.toLowerCase(), eventsOf(abi)]));
  return (log) => {
    const [selector] = log.topics;
    const event = selector === undefined ? undefined : known.get(log.address.toLowerCase())?.get(selector);
    if (event === undefined) return undefined;
    try {
      const { args } = decodeEventLog({ abi: [event], data: log.data, topics: log.topics, strict: true });
      return { name: event.name, ...(args as object | undefined) } as unknown as MainchainEvent;
    } catch {
      // An event of another form than this version knows.
      return undefined;
    }
  };
}

function eventsOf(abi: Abi): ReadonlyMap<Hex, AbiEvent> {
  const events = abi.filter((item) => item.type === "event").filter(({ name }) => isFolded(name));
  return new Map(events.map((event) => [toEventSelector(event), event]));
}
