import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data, kindOf, type Parsed, parseAddress, parseSlot } from "../hex.ts";
import { MAX_STORAGE_VALUES } from "../limits.ts";
import type { Method } from "../method.ts";

type Wanted = { readonly name: string; readonly address: Uint8Array; readonly slots: readonly Uint8Array[] };

/** Storage slots read for one unit of budget. */
const SLOTS_PER_UNIT = 4;

/** Slots of several accounts at once: their values by address, in the order asked for. */
export const ethGetStorageValues: Method = {
  name: "eth_getStorageValues",
  run(params, context) {
    const wanted = params.next(parseWanted);
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    const { chain } = context;
    const { number } = requireBlock(chain, id).header;
    context.charge(wanted.reduce((sum, { slots }) => sum + slots.length, 0) / SLOTS_PER_UNIT);
    return Object.fromEntries(
      wanted.map(({ name, address, slots }) => [name, slots.map((slot) => data(chain.storage(address, slot, number)))]),
    );
  },
};

function parseWanted(value: unknown): Parsed<readonly Wanted[]> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object of addresses, got ${kindOf(value)}` };
  }
  const wanted: Wanted[] = [];
  let count = 0;
  for (const [name, slots] of Object.entries(value)) {
    const address = parseAddress(name);
    if ("reason" in address) return { reason: `${name.slice(0, 42)}: ${address.reason}` };
    if (!Array.isArray(slots)) return { reason: `${name}: want an array of slots, got ${kindOf(slots)}` };
    count += slots.length;
    if (count > MAX_STORAGE_VALUES) return { reason: `too many slots (max ${MAX_STORAGE_VALUES})` };
    const parsed: Uint8Array[] = [];
    for (const slot of slots) {
      const one = parseSlot(slot);
      if ("reason" in one) return { reason: `${name}: ${one.reason}` };
      parsed.push(one.value);
    }
    wanted.push({ name: data(address.value), address: address.value, slots: parsed });
  }
  return count > 0 ? { value: wanted } : { reason: "empty request" };
}
