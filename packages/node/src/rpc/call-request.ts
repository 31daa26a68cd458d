import type { AccessListItem, Authorization, CallRequest, EthereumTransaction } from "@tributary/chain";
import { toBigInt } from "@tributary/protocol/bytes/index";
import { FieldReader, present } from "./field-reader.ts";
import { kindOf, type Parsed, parseAddress, parseData, parseHash, parseQuantity, parseSlot } from "./hex.ts";
import { MAX_CALL_GAS } from "./limits.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A call object with what the executor does not need of it but others do. */
export type ParsedCall = {
  readonly request: CallRequest;
  readonly chainId: bigint | undefined;
  readonly nonce: bigint | undefined;
  /** Of the transaction that the call stands for: 3 with blobs, 0 where it names a gas price, 4 with authorisations, else 2. */
  readonly type: EthereumTransaction["type"];
  /** Wei a gas. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
};

/** Reads the first argument of eth_call and its kin with geth's checks between fields. */
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
  const blobHashes = reader.read("blobVersionedHashes", parseKeys);
  const maxFeePerBlobGas = reader.read("maxFeePerBlobGas", parseQuantity);
  const nonce = reader.read("nonce", (field) => parseQuantity(field, 64));
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
  if (to === undefined && authorizations !== undefined)
    return { reason: "EIP-7702 transactions cannot create contracts" };
  const bytes = input ?? legacyInput;
  const price = gasPrice ?? maxFeePerGas;
  const limited = gas === undefined || gas < MAX_CALL_GAS ? gas : MAX_CALL_GAS;
  const blobs = blobsOf(blobHashes ?? [], maxFeePerBlobGas ?? 0n);
  const lists = { accessList, authorizations, blobs };
  const request: CallRequest = present({
    from,
    to,
    gas: limited,
    value: amount,
    data: bytes,
    gasPrice: price,
    maxPriorityFeePerGas,
    ...lists,
  });
  const fees = { maxFeePerGas: price ?? 0n, maxPriorityFeePerGas: gasPrice ?? maxPriorityFeePerGas ?? 0n };
  const type = typeOf(request, gasPrice);
  return { value: { request, chainId, nonce, type, ...fees } };
}

function blobsOf(hashes: readonly Uint8Array[], maxFeePerGas: bigint): CallRequest["blobs"] {
  return hashes.length === 0 ? undefined : { hashes, maxFeePerGas };
}

function typeOf({ blobs, authorizations }: CallRequest, gasPrice: bigint | undefined): EthereumTransaction["type"] {
  if (blobs !== undefined) return 3;
  if (gasPrice !== undefined) return 0;
  return authorizations === undefined ? 2 : 4;
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

function parseAuthorizations(value: unknown): Parsed<readonly Authorization[]> {
  if (!Array.isArray(value)) return { reason: `want an array, got ${kindOf(value)}` };
  const authorizations: Authorization[] = [];
  for (const [index, item] of value.entries()) {
    if (typeof item !== "object" || item === null)
      return { reason: `item ${index}: want an object, got ${kindOf(item)}` };
    const reader = new FieldReader(item as Fields);
    const address = reader.read("address", parseAddress);
    const chainId = reader.read("chainId", parseQuantity) ?? 0n;
    const nonce = reader.read("nonce", (field) => parseQuantity(field, 64)) ?? 0n;
    // One that is not signed yet costs its gas and authorises nothing.
    const yParity = reader.read("yParity", (field) => parseQuantity(field, 8)) ?? 0n;
    const r = reader.read("r", parseNumber) ?? 0n;
    const s = reader.read("s", parseNumber) ?? 0n;
    if (reader.reason !== undefined) return { reason: `item ${index}: ${reader.reason}` };
    if (address === undefined) return { reason: `item ${index}: address: missing` };
    authorizations.push({ chainId, address, nonce, yParity: Number(yParity), r, s });
  }
  return { value: authorizations };
}

/** Clients write halves of signatures as quantities or as 32 bytes. */
function parseNumber(value: unknown): Parsed<bigint> {
  const word = parseSlot(value);
  return "reason" in word ? word : { value: toBigInt(word.value) };
}
