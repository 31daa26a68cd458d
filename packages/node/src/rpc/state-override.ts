import type { StateOverride } from "@tributary/chain";
import { kindOf, type Parsed, parseAddress, parseData, parseHash, parseQuantity } from "./hex.ts";

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
    if (!["balance", "nonce", "code", "stateDiff"].includes(name))
      return { reason: `${name} cannot be overridden here` };
  }
  const balance = optional(fields["balance"], parseQuantity);
  if ("reason" in balance) return { reason: `balance: ${balance.reason}` };
  const nonce = optional(fields["nonce"], (field) => parseQuantity(field, 64));
  if ("reason" in nonce) return { reason: `nonce: ${nonce.reason}` };
  const code = optional(fields["code"], parseData);
  if ("reason" in code) return { reason: `code: ${code.reason}` };
  const storage = optional(fields["stateDiff"], parseStorage);
  if ("reason" in storage) return { reason: `stateDiff: ${storage.reason}` };
  return {
    value: {
      address: address.value,
      ...(balance.value === undefined ? {} : { balance: balance.value }),
      ...(nonce.value === undefined ? {} : { nonce: nonce.value }),
      ...(code.value === undefined ? {} : { code: code.value }),
      ...(storage.value === undefined ? {} : { storage: storage.value }),
    },
  };
}

function parseStorage(value: unknown): Parsed<NonNullable<StateOverride["storage"]>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object of slots, got ${kindOf(value)}` };
  }
  const slots: { readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  for (const [name, content] of Object.entries(value as Fields)) {
    const key = parseHash(name);
    if ("reason" in key) return key;
    const word = parseHash(content);
    if ("reason" in word) return word;
    slots.push({ key: key.value, value: word.value });
  }
  return { value: slots };
}

function optional<T>(value: unknown, parse: (value: unknown) => Parsed<T>): Parsed<T | undefined> {
  return value === undefined || value === null ? { value: undefined } : parse(value);
}
