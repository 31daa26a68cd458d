import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import { bls12381 } from "./bls12-381-curve.ts";
import { concat, fromBigInt, toBigInt } from "./bytes.ts";
import type { Prepared } from "./pairing-curve.ts";
import type { Precompile } from "./precompile.ts";

/** Order of the groups. */
const R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const INPUT_BYTES = 192;
const POINT_BYTES = 48;
/** Of a versioned hash (EIP-4844). */
const KZG_VERSION = 0x01;
const FIELD_ELEMENTS_PER_BLOB = 4096n;

const padding = "0".repeat(32);
const coordinates = (...hex: readonly string[]): Uint8Array => hexToBytes(padding + hex.join(padding));

/** The point of G2 with these coordinates. */
function prepared(...hex: readonly string[]): () => Prepared {
  let point: Prepared | undefined;
  return () => {
    if (point !== undefined) return point;
    const curve = bls12381();
    curve.g2.load(0, coordinates(...hex));
    point = curve.prepare(0);
    return point;
  };
}

const G1_GENERATOR = coordinates(
  "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
  "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1",
);
/** Generator of G2. */
const H = prepared(
  "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
  "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e",
  "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801",
  "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be",
);
/** H times the secret of Ethereum's ceremony: all that verification needs of its outcome. */
const TAU_H = prepared(
  "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2",
  "15bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72",
  "014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99",
  "1666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154f",
);

const SUCCESS = concat([fromBigInt(FIELD_ELEMENTS_PER_BLOB, 32), fromBigInt(R, 32)]);
const ONE = fromBigInt(1n, 32);

/** Flags of a compressed point's first byte. */
const COMPRESSED = 0x80;
const INFINITY = 0x40;
const LARGER = 0x20;

/** Loads a compressed point: on the curve and in the subgroup, or infinity. */
function decode(slot: number, bytes: Uint8Array): boolean {
  const curve = bls12381();
  const { g1 } = curve;
  const first = bytes[0] ?? 0;
  if ((first & COMPRESSED) === 0) return false;
  const padded = new Uint8Array(64);
  padded.set(bytes, 16);
  padded[16] = first & 0x1f;
  if ((first & INFINITY) !== 0) {
    return (first & LARGER) === 0 && padded.every((byte) => byte === 0) && g1.load(slot, new Uint8Array(128));
  }
  return curve.loadCompressed(slot, padded, (first & LARGER) !== 0, 4) && g1.inSubgroup(slot);
}

/**
 * Whether the polynomial of the commitment in slot 0 is y at z by the proof in slot 1: e(C - yG, H) = e(proof, (tau - z)H).
 * With the factor z in the first group, where it is cheap: e(C - yG + z proof, H) e(-proof, tau H) = 1.
 */
function verify(z: Uint8Array, y: bigint): boolean {
  const curve = bls12381();
  const { g1 } = curve;
  g1.load(2, G1_GENERATOR);
  curve.loadScalar(0, ONE);
  curve.loadScalar(1, z);
  curve.loadScalar(2, fromBigInt(y === 0n ? 0n : R - y, 32));
  g1.sumOfProducts(0, 3);
  g1.negate(1);
  curve.beginProduct();
  // A pairing with infinity is 1; where only one of the two is, the other is not 1.
  const [left, right] = [g1.isInfinity(0), g1.isInfinity(1)];
  if (left || right) return left && right;
  curve.multiplyPrepared(H(), TAU_H());
  return curve.productIsOne();
}

/** EIP-4844. */
export const kzgPointEvaluation: Precompile = {
  cost: () => 50_000n,
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length !== INPUT_BYTES) return undefined;
    const commitment = input.subarray(96, 96 + POINT_BYTES);
    const hash = sha256(commitment);
    hash[0] = KZG_VERSION;
    if (Buffer.compare(hash, input.subarray(0, 32)) !== 0) return undefined;
    const z = input.subarray(32, 64);
    const y = toBigInt(input.subarray(64, 96));
    if (toBigInt(z) >= R || y >= R) return undefined;
    if (!decode(0, commitment) || !decode(1, input.subarray(144, 192)) || !verify(z, y)) return undefined;
    return SUCCESS.slice();
  },
};
