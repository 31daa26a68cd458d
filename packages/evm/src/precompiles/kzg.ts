import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import { concat, fromBigInt, toBigInt } from "./bytes.ts";
import type { Precompile } from "./precompile.ts";

const { G1, G2, fields } = bls12_381;
const R = fields.Fr.ORDER;
const INPUT_BYTES = 192;
/** Of a versioned hash (EIP-4844). */
const KZG_VERSION = 0x01;
const FIELD_ELEMENTS_PER_BLOB = 4096n;

/** Generator of G2 times the secret of Ethereum's ceremony: all that verification needs of its outcome. */
const TAU_G2 = G2.Point.fromBytes(
  hexToBytes(
    "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72" +
      "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2",
  ),
);

const SUCCESS = concat([fromBigInt(FIELD_ELEMENTS_PER_BLOB, 32), fromBigInt(R, 32)]);

type G1Point = InstanceType<typeof G1.Point>;

/** Compressed; on the curve and in the subgroup. Infinity is allowed. */
function decode(bytes: Uint8Array): G1Point | undefined {
  try {
    return G1.Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

/** Whether the polynomial of `commitment` is y at z: e(C - yG, H) = e(proof, (tau - z)H), the proof moved to one side. */
function verify(commitment: G1Point, z: bigint, y: bigint, proof: G1Point): boolean {
  const left = commitment.subtract(y === 0n ? G1.Point.ZERO : G1.Point.BASE.multiplyUnsafe(y));
  // e(C - yG + z proof, H) = e(proof, tau H): the factor z stays in G1, where it is cheap.
  const shifted = left.add(z === 0n || proof.is0() ? G1.Point.ZERO : proof.multiplyUnsafe(z));
  const pairs = [
    { g1: shifted, g2: G2.Point.BASE },
    { g1: proof.negate(), g2: TAU_G2 },
  ].filter(({ g1 }) => !g1.is0());
  return pairs.length === 0 || fields.Fp12.eql(bls12_381.pairingBatch(pairs), fields.Fp12.ONE);
}

/** EIP-4844. */
export const kzgPointEvaluation: Precompile = {
  cost: () => 50_000n,
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length !== INPUT_BYTES) return undefined;
    const commitment = input.subarray(96, 144);
    const hash = sha256(commitment);
    hash[0] = KZG_VERSION;
    if (Buffer.compare(hash, input.subarray(0, 32)) !== 0) return undefined;
    const z = toBigInt(input.subarray(32, 64));
    const y = toBigInt(input.subarray(64, 96));
    const c = decode(commitment);
    const proof = decode(input.subarray(144, 192));
    if (z >= R || y >= R || !c || !proof || !verify(c, z, y, proof)) return undefined;
    return SUCCESS.slice();
  },
};
