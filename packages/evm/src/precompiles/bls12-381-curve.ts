import { fromBigInt } from "./bytes.ts";
import { type PairingCurve, pairingCurve } from "./pairing-curve.ts";

const PRIME = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;

/** Coordinates have 64 bytes, the first 16 zero (EIP-2537). */
export const bls12381: () => PairingCurve = pairingCurve({
  id: 5,
  prime: fromBigInt(PRIME, 48),
  coordinateBytes: 64,
  imaginaryFirst: false,
});
