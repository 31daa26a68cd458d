import { bls12381 } from "./bls12-381-curve.ts";
import { msmDiscountG1, msmDiscountG2 } from "./bls12-381-discounts.ts";
import { booleanWord } from "./bytes.ts";
import type { Precompile } from "./precompile.ts";
import { pairingProductIsOne, sumOfProducts } from "./products.ts";

// EIP-2537.
const COORDINATE_BYTES = 64;
const POINT_BYTES = { g1: 2 * COORDINATE_BYTES, g2: 4 * COORDINATE_BYTES } as const;
const PAIR_BYTES = POINT_BYTES.g1 + POINT_BYTES.g2;

type Group = keyof typeof POINT_BYTES;

/** Gas of k multiplications at once: fewer each, the more they are. */
export function msmCost(pairs: number, gas: bigint, discounts: readonly number[]): bigint {
  if (pairs === 0) return 0n;
  const discount = discounts[Math.min(pairs, discounts.length) - 1] ?? 1000;
  return (BigInt(pairs) * gas * BigInt(discount)) / 1000n;
}

function msm(group: Group, gas: bigint, discounts: readonly number[]): Precompile {
  const pairBytes = POINT_BYTES[group] + 32;
  return {
    cost: (input) => msmCost(Math.floor(input.length / pairBytes), gas, discounts),
    run: (input) => {
      if (input.length === 0 || input.length % pairBytes !== 0) return undefined;
      const curve = bls12381();
      return sumOfProducts(curve, curve[group], input);
    },
  };
}

/** Of points of the curve, whether or not they are in the subgroup. */
function addition(name: Group, gas: bigint): Precompile {
  const pointBytes = POINT_BYTES[name];
  return {
    cost: () => gas,
    run(input: Uint8Array): Uint8Array | undefined {
      if (input.length !== 2 * pointBytes) return undefined;
      const group = bls12381()[name];
      if (!group.load(0, input.subarray(0, pointBytes)) || !group.load(1, input.subarray(pointBytes))) return undefined;
      group.add(0, 0, 1);
      return group.store(0);
    },
  };
}

export const blsG1Add: Precompile = addition("g1", 375n);
export const blsG2Add: Precompile = addition("g2", 600n);
export const blsG1Msm: Precompile = msm("g1", 12_000n, msmDiscountG1);
export const blsG2Msm: Precompile = msm("g2", 22_500n, msmDiscountG2);

/** Whether the product of the pairings is 1. */
export const blsPairing: Precompile = {
  cost: (input) => 37_700n + 32_600n * BigInt(Math.floor(input.length / PAIR_BYTES)),
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length === 0 || input.length % PAIR_BYTES !== 0) return undefined;
    const isOne = pairingProductIsOne(bls12381(), input);
    return isOne === undefined ? undefined : booleanWord(isOne);
  },
};

export const blsMapFpToG1: Precompile = {
  cost: () => 5500n,
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length !== COORDINATE_BYTES) return undefined;
    const curve = bls12381();
    return curve.mapToG1(0, input) ? curve.g1.store(0) : undefined;
  },
};

export const blsMapFp2ToG2: Precompile = {
  cost: () => 23_800n,
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length !== 2 * COORDINATE_BYTES) return undefined;
    const curve = bls12381();
    return curve.mapToG2(0, input) ? curve.g2.store(0) : undefined;
  },
};
