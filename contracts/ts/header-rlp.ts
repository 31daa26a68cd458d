import { type Hex, keccak256, numberToHex, toRlp } from "viem";
import type { ManagerClient } from "./manager-client.ts";

/** A block as eth_getBlockByNumber gives it, before any client library reshapes it. */
export type RpcBlock = Readonly<Record<string, unknown>>;

export class HeaderMismatchError extends Error {
  readonly code = "HEADER_MISMATCH";
  constructor(block: unknown) {
    super(
      `the header of block ${String(block)} does not hash to the block's hash: unknown fields, or a lying endpoint`,
    );
    this.name = "HeaderMismatchError";
  }
}

/** In RLP order. `since` marks fields that older blocks lack; the first one missing ends the header. */
const fields: readonly { name: string; kind: "bytes" | "number"; since?: true }[] = [
  { name: "parentHash", kind: "bytes" },
  { name: "sha3Uncles", kind: "bytes" },
  { name: "miner", kind: "bytes" },
  { name: "stateRoot", kind: "bytes" },
  { name: "transactionsRoot", kind: "bytes" },
  { name: "receiptsRoot", kind: "bytes" },
  { name: "logsBloom", kind: "bytes" },
  { name: "difficulty", kind: "number" },
  { name: "number", kind: "number" },
  { name: "gasLimit", kind: "number" },
  { name: "gasUsed", kind: "number" },
  { name: "timestamp", kind: "number" },
  { name: "extraData", kind: "bytes" },
  { name: "mixHash", kind: "bytes" },
  { name: "nonce", kind: "bytes" },
  { name: "baseFeePerGas", kind: "number", since: true },
  { name: "withdrawalsRoot", kind: "bytes", since: true },
  { name: "blobGasUsed", kind: "number", since: true },
  { name: "excessBlobGas", kind: "number", since: true },
  { name: "parentBeaconBlockRoot", kind: "bytes", since: true },
  { name: "requestsHash", kind: "bytes", since: true },
];

function item(value: unknown, kind: "bytes" | "number"): Hex {
  if (typeof value !== "string" || !/^0x[0-9a-f]*$/i.test(value)) return "0x";
  if (kind === "bytes") return value as Hex;
  // RLP numbers have no leading zeros; zero is the empty string.
  const digits = value.slice(2).replace(/^0+/, "");
  return `0x${digits.length % 2 === 0 ? "" : "0"}${digits}`;
}

/** The RLP header of a block; throws where its keccak256 is not the block's hash. */
export function headerRlp(block: RpcBlock): Hex {
  const items: Hex[] = [];
  for (const { name, kind, since } of fields) {
    const value = block[name];
    if (since && (value === undefined || value === null)) break;
    items.push(item(value, kind));
  }
  const rlp = toRlp(items);
  if (keccak256(rlp) !== block["hash"]) throw new HeaderMismatchError(block["number"]);
  return rlp;
}

/** Reads a block's header; undefined where the endpoint does not know the block. */
export async function readHeaderRlp(client: ManagerClient, blockNumber: bigint): Promise<Hex | undefined> {
  const block = await client.request({ method: "eth_getBlockByNumber", params: [numberToHex(blockNumber), false] });
  return block === null ? undefined : headerRlp(block as unknown as RpcBlock);
}
