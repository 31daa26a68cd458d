// What an endpoint answers, checked: anybody may stand behind an address.
import type { Address, Hex } from "viem";
import type { Receipt } from "../job.ts";

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

/** A JSON-RPC quantity of at most 256 bits. */
export function quantity(value: unknown): bigint | undefined {
  return typeof value === "string" && /^0x[0-9a-f]{1,64}$/i.test(value) ? BigInt(value) : undefined;
}

/** A quantity that a JavaScript number holds exactly: block numbers, nonces. */
export function count(value: unknown): number | undefined {
  const number = quantity(value);
  return number !== undefined && number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : undefined;
}

export function bytesOf(value: unknown): Hex | undefined {
  return typeof value === "string" && /^0x([0-9a-f]{2})*$/i.test(value) ? (value.toLowerCase() as Hex) : undefined;
}

function sized(value: unknown, bytes: number): Hex | undefined {
  const hex = bytesOf(value);
  return hex?.length === 2 + 2 * bytes ? hex : undefined;
}

export function hash(value: unknown): Hex | undefined {
  return sized(value, 32);
}

export type Header = { readonly number: number; readonly hash: Hex; readonly baseFee: bigint | undefined };

export function headerOf(value: unknown): Header | undefined {
  const fields = fieldsOf(value);
  const [number, blockHash] = [count(fields?.["number"]), hash(fields?.["hash"])];
  if (number === undefined || blockHash === undefined) return undefined;
  return { number, hash: blockHash, baseFee: quantity(fields?.["baseFeePerGas"]) };
}

function logOf(value: unknown): Receipt["logs"][number] | undefined {
  const fields = fieldsOf(value);
  const [address, data, topics] = [sized(fields?.["address"], 20), bytesOf(fields?.["data"]), fields?.["topics"]];
  if (address === undefined || data === undefined || !Array.isArray(topics) || topics.length > 4) return undefined;
  const hashes = topics.map(hash);
  return hashes.includes(undefined) ? undefined : { address, topics: hashes as Hex[], data };
}

/** The receipt of the transaction `wanted`; undefined when there is none, or when it makes no sense. */
export function receiptOf(value: unknown, wanted: Hex): Receipt | undefined {
  const fields = fieldsOf(value);
  const blockNumber = count(fields?.["blockNumber"]);
  const blockHash = hash(fields?.["blockHash"]);
  const status = quantity(fields?.["status"]);
  const gasUsed = quantity(fields?.["gasUsed"]);
  const rawLogs = fields?.["logs"];
  if (blockNumber === undefined || blockHash === undefined || status === undefined || gasUsed === undefined) {
    return undefined;
  }
  if (hash(fields?.["transactionHash"]) !== wanted || !Array.isArray(rawLogs)) return undefined;
  const logs = rawLogs.map(logOf).filter((log) => log !== undefined);
  const contract: Address | undefined = sized(fields?.["contractAddress"], 20);
  return {
    hash: wanted,
    status: status === 1n ? "success" : "reverted",
    blockNumber,
    blockHash,
    gasUsed,
    ...(contract === undefined ? {} : { contractAddress: contract }),
    logs,
  };
}
