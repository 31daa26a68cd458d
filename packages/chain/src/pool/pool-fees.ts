import { effectiveTip } from "../rules/base-fee.ts";
import { type Charge, type ContractSlots, type FeeTerms, type Paying, paymentOf } from "../rules/fee-storage.ts";

/** What a waiting transaction would pay in the next block, wei a gas. */
export type PoolFee = {
  /** What its sender must have. */
  readonly reserve: bigint;
  /** With ordinary fees what it pays beside the base fee; undefined where it pays nothing, or where that gains nothing. */
  readonly tip: bigint | undefined;
  /** It offers less than a base fee that may fall again. */
  readonly waits: boolean;
};

/** What the next block charges, as the pool sees it. */
export interface PoolFees {
  /** The least that a transaction must offer to be taken in, wei a gas. */
  readonly asked: bigint;
  /** Whether those who pay stand in line by their tips (EIP-1559). */
  readonly ordinary: boolean;
  /** undefined where the transaction offers too little. */
  of(transaction: Paying): PoolFee | undefined;
}

const FREE: PoolFee = { reserve: 0n, tip: undefined, waits: false };
export const NO_FEES: PoolFees = { asked: 0n, ordinary: false, of: () => FREE };

/** By the owner's terms and what the next block charges; `slots` tell what the owner sponsors. */
export function poolFees(terms: FeeTerms, charge: Charge, slots: ContractSlots): PoolFees {
  const { price, tips } = charge;
  if (price === 0n) return NO_FEES;
  const asked = tips ? terms.price : price;
  return {
    asked,
    ordinary: tips,
    of(transaction) {
      const { maxFeePerGas } = transaction;
      const payment = paymentOf(charge, transaction, slots);
      if (payment !== undefined) {
        const tip = tips && maxFeePerGas >= price ? effectiveTip(transaction, price) : undefined;
        return { reserve: payment.reserve, tip, waits: false };
      }
      return maxFeePerGas < asked ? undefined : { reserve: maxFeePerGas, tip: undefined, waits: true };
    },
  };
}
