import type { ChainBudget } from "./budget.ts";

/** Part of a chain's bucket that is kept for addresses that have not used up their own share. */
const RESERVE = 1 / 4;
/** Addresses that are remembered; the one that asked longest ago is forgotten first. */
const MAX_ADDRESSES = 4_096;
/** Milliseconds without a request after which an address no longer counts. */
const IDLE_MS = 10_000;
/** Units that an address may save up in any case: some calls at once, or an expensive one. */
const LEAST_BURST = 100;
/** Part of what is left that an address which was not here before begins with: newcomers alone never use it up. */
const WELCOME = 1 / 4;

type Bucket = { tokens: number; at: number };

/** The network that an address stands for: whoever has one of IPv6 has 2^64 of them. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const all = tail === undefined ? groups : [...groups, ...new Array<string>(8 - groups.length).fill("0")];
  return all.slice(0, 4).join(":");
}

/**
 * Divides one chain's budget among those who ask, when they ask for more than there is: the last part of it goes to
 * addresses below an equal share; the others may still have what other chains leave. While nobody else asks, one address
 * gets everything.
 */
export class AddressShares {
  readonly #budget: ChainBudget;
  /** Milliseconds, monotonic. */
  readonly #now: () => number;
  /** The one that asked longest ago first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(budget: ChainBudget, now: () => number) {
    this.#budget = budget;
    this.#now = now;
  }

  /** Takes `units`: 0 when they were there, else whole seconds to wait before trying again. */
  take(address: string, units: number): number {
    const bucket = this.#bucket(networkOf(address));
    if (this.#isShort) {
      if (bucket.tokens < units) return this.#budget.spare(units) ? 0 : 1;
      bucket.tokens -= units;
    }
    return this.#budget.take(units);
  }

  /** Charges for what a call turned out to cost: the address has the less for its next one. */
  charge(address: string, units: number): void {
    const bucket = this.#bucket(networkOf(address));
    if (!this.#isShort) {
      this.#budget.charge(units);
      return;
    }
    const owed = Math.max(0, units - Math.max(0, bucket.tokens));
    bucket.tokens -= units - owed;
    // Beyond its share it is given only what other chains leave, as long as there is some of that.
    if (owed > 0 && this.#budget.spare(owed)) this.#budget.charge(units - owed);
    else this.#budget.charge(units);
  }

  /** Others ask too, and there is little left: each is held to its share. */
  get #isShort(): boolean {
    return this.#buckets.size > 1 && this.#budget.level < RESERVE;
  }

  #bucket(network: string): Bucket {
    const now = this.#now();
    this.#forget(now);
    const known = this.#buckets.get(network);
    this.#buckets.delete(network);
    const { rate, burst, level } = this.#budget;
    const addresses = this.#buckets.size + 1;
    const gain =
      known === undefined ? WELCOME * Math.max(0, level) * burst : ((now - known.at) / 1_000) * (rate / addresses);
    const most = Math.max((RESERVE * burst) / addresses, LEAST_BURST);
    const bucket = { tokens: Math.min((known?.tokens ?? 0) + gain, most), at: now };
    this.#buckets.set(network, bucket);
    return bucket;
  }

  #forget(now: number): void {
    for (const [network, { at }] of this.#buckets) {
      if (now - at < IDLE_MS && this.#buckets.size < MAX_ADDRESSES) return;
      this.#buckets.delete(network);
    }
  }
}
