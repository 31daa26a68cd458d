import type { EthereumHeader } from "@tributary/chain/block/ethereum";
import { effectiveTip, followingBaseFee, type Offer } from "@tributary/chain/rules/base-fee";
import type { BlobSchedule } from "../config/genesis-file.ts";
import type { UpgradeRules } from "../config/upgrade-schedule.ts";

/** Wei a gas in the first block with a base fee (EIP-1559). */
const INITIAL_BASE_FEE = 1_000_000_000n;
/** EIP-4844. */
export const GAS_PER_BLOB = 131_072n;
const LEAST_BLOB_FEE = 1n;
/** EIP-7918: a blob costs at least this gas at the base fee. */
const BLOB_BASE_COST = 8_192n;

/** Base fee of the block after `parent` (EIP-1559). */
export function nextBaseFee(parent: Pick<EthereumHeader, "baseFeePerGas" | "gasLimit" | "gasUsed">): bigint {
  const fee = parent.baseFeePerGas;
  return fee === undefined ? INITIAL_BASE_FEE : followingBaseFee(fee, parent);
}

/** EIP-4844's approximation of factor * e ** (numerator / denominator). */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let i = 1n;
  let output = 0n;
  let part = factor * denominator;
  while (part > 0n) {
    output += part;
    part = (part * numerator) / (denominator * i);
    i++;
  }
  return output / denominator;
}

/** Wei a blob gas. */
export function blobBaseFee(excess: bigint, { baseFeeUpdateFraction }: BlobSchedule): bigint {
  return fakeExponential(LEAST_BLOB_FEE, excess, BigInt(baseFeeUpdateFraction));
}

/** Excess blob gas of the block after `parent` by the rules of that block (EIP-4844, EIP-7918). */
export function nextExcessBlobGas(
  parent: Pick<EthereumHeader, "excessBlobGas" | "blobGasUsed" | "baseFeePerGas">,
  { fork, blobs }: UpgradeRules,
): bigint {
  const used = parent.blobGasUsed ?? 0n;
  const excess = (parent.excessBlobGas ?? 0n) + used;
  const target = BigInt(blobs.target) * GAS_PER_BLOB;
  if (excess < target) return 0n;
  if (fork === "osaka" && blobs.max > 0) {
    const reserve = BLOB_BASE_COST * (parent.baseFeePerGas ?? 0n);
    const price = blobBaseFee(parent.excessBlobGas ?? 0n, blobs) * GAS_PER_BLOB;
    if (reserve > price) {
      return (parent.excessBlobGas ?? 0n) + (used * BigInt(blobs.max - blobs.target)) / BigInt(blobs.max);
    }
  }
  return excess - target;
}

/** What a gas of a transaction costs in a block: the tip and the base fee, at most what it offers. */
export function effectiveGasPrice(offer: Offer, baseFee: bigint | undefined): bigint {
  return baseFee === undefined ? offer.maxFeePerGas : baseFee + effectiveTip(offer, baseFee);
}
