import type { StateOverride } from "@tributary/chain";
import { FieldReader, present } from "./field-reader.ts";
import { kindOf, type Parsed, parseAddress, parseData, parseHash, parseQuantity, parseSlot } from "./hex.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Reads the third argument of eth_call: accounts that the call pretends to be different. */
export function parseStateOverrides(value: unknown): Parsed<readonly StateOverride[]> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object of addresses, got ${kindOf(value)}` };
  }
  const overrides: StateOverride[] = [];
  for (const [address, fields] of Object.entries(value as Fields)) {
    const parsed = parseAccount(address, fields);
    if ("reason" in parsed) return { reason: `${address.slice(0, 42)}: ${parsed.reason}` };
    overrides.push(parsed.value);
  }
  return { value: overrides };
}

function parseAccount(key: string, value: unknown): Parsed<StateOverride> {
  const address = parseAddress(key);
  if ("reason" in address) return address;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const fields = value as Fields;
  for (const name of Object.keys(fields)) {
    if (!["balance", "nonce", "code", "state", "stateDiff", "movePrecompileToAddress"].includes(name))
      return { reason: `${name} cannot be overridden here` };
  }
  const reader = new FieldReader(fields);
  const balance = reader.read("balance", parseQuantity);
  const nonce = reader.read("nonce", (field) => parseQuantity(field, 64));
  const code = reader.read("code", parseData);
  const movesPrecompileTo = reader.read("movePrecompileToAddress", parseAddress);
  const diff = reader.read("stateDiff", parseStorage);
  const whole = reader.read("state", parseStorage);
  if (reader.reason !== undefined) return { reason: reader.reason };
  if (diff !== undefined && whole !== undefined) return { reason: `account ${key} has both 'state' and 'stateDiff'` };
  const storage = whole ?? diff;
  const clearsStorage = whole === undefined ? undefined : true;
  return {
    value: { address: address.value, ...present({ balance, nonce, code, storage, clearsStorage, movesPrecompileTo }) },
  };
}

function parseStorage(value: unknown): Parsed<NonNullable<StateOverride["storage"]>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object of slots, got ${kindOf(value)}` };
  }
  const slots: { readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  for (const [name, content] of Object.entries(value as Fields)) {
    const key = parseSlot(name);
    if ("reason" in key) return key;
    const word = parseHash(content);
    if ("reason" in word) return word;
    slots.push({ key: key.value, value: word.value });
  }
  return { value: slots };
}
