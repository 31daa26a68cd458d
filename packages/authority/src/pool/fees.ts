import type { Price } from "../keys/sign-transaction.ts";

/** geth and most others ask a replacement for a tenth more of both fees; an eighth leaves room for rounding. */
function bumped(wei: bigint): bigint {
  return wei + wei / 8n + 1n;
}

function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

/** What a gas costs, as the newest block and the node's suggestion have it. */
export class Fees {
  readonly #cap: bigint | undefined;
  readonly #fixedTip: bigint | undefined;
  #baseFee: bigint | undefined;
  #suggestion = 0n;

  constructor(cap: bigint | undefined, fixedTip: bigint | undefined) {
    this.#cap = cap;
    this.#fixedTip = fixedTip;
  }

  /** `baseFee`: undefined where the chain has none; `suggestion`: the node's tip, or its gas price without a base fee. */
  update(baseFee: bigint | undefined, suggestion: bigint | undefined): void {
    this.#baseFee = baseFee;
    if (suggestion !== undefined) this.#suggestion = suggestion;
  }

  /** Good for several full blocks in a row: twice the base fee. */
  price(): Price {
    const tip = this.#fixedTip ?? this.#suggestion;
    if (this.#baseFee === undefined) return this.#capped({ kind: "legacy", maxFee: tip, tip });
    return this.#capped({ kind: "eip1559", maxFee: 2n * this.#baseFee + tip, tip });
  }

  /** Whether no block of now may take this price. */
  excludes(price: { readonly maxFee: bigint }): boolean {
    return this.#baseFee !== undefined && price.maxFee < this.#baseFee;
  }

  /** A price that replaces `old`, or undefined when the cap is in the way. */
  replacing(old: { readonly maxFee: bigint; readonly tip: bigint }): Price | undefined {
    const { kind, maxFee, tip } = this.price();
    const price = { kind, maxFee: larger(maxFee, bumped(old.maxFee)), tip: larger(tip, bumped(old.tip)) };
    if (this.#cap !== undefined && price.maxFee > this.#cap) return undefined;
    return { ...price, tip: price.tip > price.maxFee ? price.maxFee : price.tip };
  }

  #capped(price: Price): Price {
    if (this.#cap === undefined || price.maxFee <= this.#cap) return price;
    return { ...price, maxFee: this.#cap, tip: price.tip > this.#cap ? this.#cap : price.tip };
  }
}
