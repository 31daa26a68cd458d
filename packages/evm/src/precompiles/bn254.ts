import { booleanWord, fromBigInt, slice } from "./bytes.ts";
import { pairingCurve } from "./pairing-curve.ts";
import type { Precompile } from "./precompile.ts";
import { pairingProductIsOne } from "./products.ts";

const PAIR_BYTES = 192;

const bn254 = pairingCurve({
  id: 4,
  prime: fromBigInt(0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n, 32),
  coordinateBytes: 32,
  imaginaryFirst: true,
});
/** EIP-196, priced by EIP-1108. The whole curve is the group. */
export const bn254Add: Precompile = {
  cost: () => 150n,
  run(input: Uint8Array): Uint8Array | undefined {
    const { g1 } = bn254();
    const data = slice(input, 0, 128);
    if (!g1.load(0, data.subarray(0, 64)) || !g1.load(1, data.subarray(64, 128))) return undefined;
    g1.add(0, 0, 1);
    return g1.store(0);
  },
};

/** EIP-196, priced by EIP-1108. */
export const bn254Mul: Precompile = {
  cost: () => 6000n,
  run(input: Uint8Array): Uint8Array | undefined {
    const curve = bn254();
    const { g1 } = curve;
    const data = slice(input, 0, 96);
    if (!g1.load(0, data.subarray(0, 64))) return undefined;
    curve.loadScalar(0, data.subarray(64, 96));
    g1.sumOfProducts(0, 1);
    return g1.store(0);
  },
};

/** Whether the product of the pairings is 1 (EIP-197, EIP-1108). */
export const bn254Pairing: Precompile = {
  cost: (input) => 45_000n + 34_000n * BigInt(Math.floor(input.length / PAIR_BYTES)),
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length % PAIR_BYTES !== 0) return undefined;
    const isOne = pairingProductIsOne(bn254(), input);
    return isOne === undefined ? undefined : booleanWord(isOne);
  },
};
