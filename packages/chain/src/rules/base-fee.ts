// EIP-1559's arithmetic.

const ELASTICITY = 2n;
const CHANGE_DENOMINATOR = 8n;

export type FeeParent = { readonly gasLimit: number; readonly gasUsed: number };

export type Offer = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/** Base fee, wei a gas, of the block after one with base fee `fee`. */
export function followingBaseFee(fee: bigint, { gasLimit, gasUsed }: FeeParent): bigint {
  const target = BigInt(gasLimit) / ELASTICITY;
  const used = BigInt(gasUsed);
  if (used === target || target === 0n) return fee;
  if (used > target) {
    const rise = (fee * (used - target)) / target / CHANGE_DENOMINATOR;
    return fee + (rise > 1n ? rise : 1n);
  }
  return fee - (fee * (target - used)) / target / CHANGE_DENOMINATOR;
}

/** What a gas of a transaction costs beside the base fee, wei; it offers that fee at least. */
export function effectiveTip({ maxFeePerGas, maxPriorityFeePerGas }: Offer, baseFee: bigint): bigint {
  const left = maxFeePerGas - baseFee;
  return left < maxPriorityFeePerGas ? left : maxPriorityFeePerGas;
}
