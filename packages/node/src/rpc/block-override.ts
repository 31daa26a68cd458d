import type { BlockOverride, BlockPlan } from "@tributary/chain";
import { FieldReader, present } from "./field-reader.ts";
import { kindOf, type Parsed, parseAddress, parseHash, parseIndex, parseQuantity } from "./hex.ts";

const known: ReadonlySet<string> = new Set([
  ...["number", "time", "gasLimit", "feeRecipient", "prevRandao", "baseFeePerGas", "blobBaseFee"],
  // After the merge nobody sees it.
  "difficulty",
]);

/** Reads what a simulated block pretends: as a call's, and EIP-4788's root. */
export function parseSimulatedBlockOverride(value: unknown): Parsed<BlockPlan["block"]> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const { beaconRoot, withdrawals, ...others } = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(withdrawals) && withdrawals.length > 0)
    return { reason: "withdrawals: there are none on this chain" };
  const block = parseBlockOverride(others);
  if ("reason" in block || beaconRoot === undefined || beaconRoot === null) return block;
  const root = parseHash(beaconRoot);
  if ("reason" in root) return { reason: `beaconRoot: ${root.reason}` };
  return { value: { ...block.value, parentBeaconBlockRoot: root.value } };
}

/** Reads the fourth argument of eth_call: fields of the block that the call pretends to be different. */
export function parseBlockOverride(value: unknown): Parsed<BlockOverride> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  for (const name of Object.keys(value)) {
    if (!known.has(name))
      return { reason: `block override "${name.slice(0, 32)}" is not supported for this RPC method` };
  }
  const reader = new FieldReader(value as Readonly<Record<string, unknown>>);
  const number = reader.read("number", parseIndex);
  const timestamp = reader.read("time", parseIndex);
  const gasLimit = reader.read("gasLimit", parseIndex);
  const coinbase = reader.read("feeRecipient", parseAddress);
  const prevRandao = reader.read("prevRandao", parseHash);
  const baseFee = reader.read("baseFeePerGas", parseQuantity);
  const blobBaseFee = reader.read("blobBaseFee", parseQuantity);
  reader.read("difficulty", parseQuantity);
  if (reader.reason !== undefined) return { reason: reader.reason };
  return { value: present({ number, timestamp, gasLimit, coinbase, prevRandao, baseFee, blobBaseFee }) };
}
