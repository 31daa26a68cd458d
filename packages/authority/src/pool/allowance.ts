import type { SignerRecord } from "../store/records.ts";

/** Wei that one signer may promise (values and the highest price of the gas) in each window of so many seconds. */
export type SpendingLimit = { readonly wei: bigint; readonly seconds: number };

export type Spending = SignerRecord["spending"];

function windowOf(limit: SpendingLimit, now: number): number {
  return Math.floor(now / (limit.seconds * 1_000));
}

/** Wei left of this window's. */
export function allowance(limit: SpendingLimit, spending: Spending, now: number): bigint {
  return spending.window === windowOf(limit, now) ? limit.wei - spending.wei : limit.wei;
}

export function spent(limit: SpendingLimit | undefined, spending: Spending, wei: bigint, now: number): Spending {
  if (limit === undefined) return spending;
  return { window: windowOf(limit, now), wei: limit.wei - allowance(limit, spending, now) + wei };
}

/** Milliseconds until the next window. */
export function renewalMs(limit: SpendingLimit, now: number): number {
  return (windowOf(limit, now) + 1) * limit.seconds * 1_000 - now;
}
