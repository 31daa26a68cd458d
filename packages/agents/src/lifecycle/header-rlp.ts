import { type Hex, keccak256, toRlp } from "viem";

/** A block as eth_getBlockByNumber gives it, before any client library reshapes it. */
export type RawBlock = Readonly<Record<string, unknown>>;

/** Header fields in RLP order; those from the London fork on are missing in older blocks. */
const BYTES_FIELDS = [
  "parentHash",
  "sha3Uncles",
  "miner",
  "stateRoot",
  "transactionsRoot",
  "receiptsRoot",
  "logsBloom",
];
const NUMBER_FIELDS = ["difficulty", "number", "gasLimit", "gasUsed", "timestamp"];
const LATER_FIELDS = [
  { name: "baseFeePerGas", number: true },
  { name: "withdrawalsRoot", number: false },
  { name: "blobGasUsed", number: true },
  { name: "excessBlobGas", number: true },
  { name: "parentBeaconBlockRoot", number: false },
  { name: "requestsHash", number: false },
];

/** The RLP header of a block; undefined when its hash does not come out, so that nobody pays for a useless call. */
export function headerRlp(block: RawBlock): Hex | undefined {
  const fields: Hex[] = [];
  for (const name of BYTES_FIELDS) fields.push(hex(block[name]));
  for (const name of NUMBER_FIELDS) fields.push(quantity(block[name]));
  for (const name of ["extraData", "mixHash", "nonce"]) fields.push(hex(block[name]));
  for (const { name, number } of LATER_FIELDS) {
    const value = block[name];
    if (value === undefined || value === null) break;
    fields.push(number ? quantity(value) : hex(value));
  }
  const rlp = toRlp(fields);
  return keccak256(rlp) === block["hash"] ? rlp : undefined;
}

function hex(value: unknown): Hex {
  return typeof value === "string" && /^0x([0-9a-f]{2})*$/i.test(value) ? (value as Hex) : "0x";
}

/** RLP has numbers without leading zeros, and zero as the empty string. */
function quantity(value: unknown): Hex {
  if (typeof value !== "string" || !/^0x[0-9a-f]+$/i.test(value)) return "0x";
  const digits = value.slice(2).replace(/^0+/, "");
  return digits.length === 0 ? "0x" : `0x${digits.length % 2 === 0 ? "" : "0"}${digits}`;
}
