import type { AccessListItem, CallRequest } from "@tributary/chain";
import { FieldReader } from "./field-reader.ts";
import { kindOf, type Parsed, parseAddress, parseData, parseHash, parseQuantity } from "./hex.ts";
import { MAX_CALL_GAS } from "./limits.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A call object with what the executor does not need but the checks do. */
export type ParsedCall = {
  readonly request: CallRequest;
  readonly chainId: bigint | undefined;
  /** Number of EIP-7702 authorisations that the transaction would carry. */
  readonly authorizations: number;
};

/** Reads the first argument of eth_call and eth_estimateGas with geth's checks between fields. */
export function parseCall(value: unknown): Parsed<ParsedCall> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want a call object, got ${kindOf(value)}` };
  }
  const reader = new FieldReader(value as Fields);
  const from = reader.read("from", parseAddress);
  const to = reader.read("to", parseAddress);
  const gas = reader.read("gas", (field) => parseQuantity(field, 64));
  const gasPrice = reader.read("gasPrice", parseQuantity);
  const maxFeePerGas = reader.read("maxFeePerGas", parseQuantity);
  const maxPriorityFeePerGas = reader.read("maxPriorityFeePerGas", parseQuantity);
  const amount = reader.read("value", parseQuantity);
  const input = reader.read("input", parseData);
  const legacyInput = reader.read("data", parseData);
  const accessList = reader.read("accessList", parseAccessList);
  const chainId = reader.read("chainId", parseQuantity);
  const authorizations = reader.read("authorizationList", parseAuthorizations);
  reader.read("nonce", (field) => parseQuantity(field, 64));
  reader.read("type", (field) => parseQuantity(field, 8));
  if (reader.reason !== undefined) return { reason: reader.reason };

  if (input !== undefined && legacyInput !== undefined && Buffer.compare(input, legacyInput) !== 0) {
    return {
      reason: 'both "data" and "input" are set and not equal. Please use "input" to pass transaction call data',
    };
  }
  if (gasPrice !== undefined && (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined)) {
    return { reason: "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified" };
  }
  if (maxFeePerGas !== undefined && maxPriorityFeePerGas !== undefined && maxPriorityFeePerGas > maxFeePerGas) {
    return { reason: "max priority fee per gas higher than max fee per gas" };
  }
  const bytes = input ?? legacyInput;
  const price = gasPrice ?? maxFeePerGas;
  const request: CallRequest = {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(gas === undefined ? {} : { gas: gas < MAX_CALL_GAS ? gas : MAX_CALL_GAS }),
    ...(amount === undefined ? {} : { value: amount }),
    ...(bytes === undefined ? {} : { data: bytes }),
    ...(accessList === undefined ? {} : { accessList }),
    ...(price === undefined ? {} : { gasPrice: price }),
  };
  return { value: { request, chainId, authorizations: authorizations ?? 0 } };
}

function parseAccessList(value: unknown): Parsed<readonly AccessListItem[]> {
  if (!Array.isArray(value)) return { reason: `want an array, got ${kindOf(value)}` };
  const items: AccessListItem[] = [];
  for (const [index, item] of value.entries()) {
    const { address, storageKeys } = (item ?? {}) as Fields;
    const parsed = parseAddress(address);
    if ("reason" in parsed) return { reason: `item ${index}: address: ${parsed.reason}` };
    const keys = parseKeys(storageKeys ?? []);
    if ("reason" in keys) return { reason: `item ${index}: storageKeys: ${keys.reason}` };
    items.push({ address: parsed.value, storageKeys: keys.value });
  }
  return { value: items };
}

function parseKeys(value: unknown): Parsed<readonly Uint8Array[]> {
  if (!Array.isArray(value)) return { reason: `want an array, got ${kindOf(value)}` };
  const keys: Uint8Array[] = [];
  for (const item of value) {
    const key = parseHash(item);
    if ("reason" in key) return key;
    keys.push(key.value);
  }
  return { value: keys };
}

function parseAuthorizations(value: unknown): Parsed<number> {
  return Array.isArray(value) ? { value: value.length } : { reason: `want an array, got ${kindOf(value)}` };
}
