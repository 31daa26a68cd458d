import type { AccessListItem } from "@tributary/chain";
import type { Step, Tracer } from "@tributary/evm";
import { parseData } from "./hex.ts";

const SLOAD = 0x54;
const SSTORE = 0x55;
const SELFDESTRUCT = 0xff;
/** BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH. */
const queries: ReadonlySet<number> = new Set([0x31, 0x3b, 0x3c, 0x3f]);
/** CALL, CALLCODE, DELEGATECALL, STATICCALL. */
const calls: ReadonlySet<number> = new Set([0xf1, 0xf2, 0xf4, 0xfa]);

/** Collects the accounts and slots that a call touches: what its access list would name (geth's AccessListTracer). */
export class AccessListTracer implements Tracer {
  readonly #excluded: ReadonlySet<string>;
  readonly #touched = new Map<string, Set<string>>();

  /** `excluded`: accounts that are warm anyway, as 40 digits; they are named only for their slots. */
  constructor(given: readonly AccessListItem[], excluded: ReadonlySet<string>) {
    this.#excluded = excluded;
    for (const { address, storageKeys } of given) {
      const name = digits(address);
      this.#account(name);
      for (const key of storageKeys) this.#slot(name, digits(key));
    }
  }

  step(step: Step): void {
    const { op, stackLength } = step;
    if ((op === SLOAD || op === SSTORE) && stackLength >= 1) {
      this.#slot(digits(step.address), step.stack(0).toString(16).padStart(64, "0"));
    } else if ((queries.has(op) || op === SELFDESTRUCT) && stackLength >= 1)
      this.#account(addressDigits(step.stack(0)));
    else if (calls.has(op) && stackLength >= 5) this.#account(addressDigits(step.stack(1)));
  }

  /** Accounts and slots, in the order in which they were touched first. */
  list(): readonly AccessListItem[] {
    return [...this.#touched].map(([name, slots]) => ({ address: bytes(name), storageKeys: [...slots].map(bytes) }));
  }

  /** How much the list names: it only grows from one run to the next. */
  get size(): number {
    let size = this.#touched.size;
    for (const slots of this.#touched.values()) size += slots.size;
    return size;
  }

  #account(name: string): void {
    if (!this.#excluded.has(name) && !this.#touched.has(name)) this.#touched.set(name, new Set());
  }

  #slot(name: string, slot: string): void {
    const slots = this.#touched.get(name) ?? new Set();
    this.#touched.set(name, slots.add(slot));
  }
}

function digits(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

/** Of the address that a word of the stack names. */
function addressDigits(word: bigint): string {
  return word.toString(16).padStart(64, "0").slice(24);
}

function bytes(name: string): Uint8Array {
  const parsed = parseData(`0x${name}`);
  if ("reason" in parsed) throw new TypeError(parsed.reason);
  return parsed.value;
}
