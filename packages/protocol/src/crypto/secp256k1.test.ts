import { secp256k1 } from "@noble/curves/secp256k1.js";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toBigInt, toHex, uint } from "../bytes/index.ts";
import { seededRandom } from "../keygen/ceremony.testing.ts";
import {
  addressOfPublicKey,
  addressOfSecretKey,
  isCanonicalNodeSignature,
  NODE_SIGNATURE_BYTES,
  nodeSignatures,
} from "./secp256k1.ts";

const random = seededRandom("secp256k1");

describe("node signatures", () => {
  it("know the address of anvil's first account", () => {
    const secret = fromHex("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")!;
    expect(toHex(addressOfSecretKey(secret)!)).toBe("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    expect(addressOfPublicKey(secp256k1.getPublicKey(secret, true))).toEqual(addressOfSecretKey(secret));
    expect(addressOfSecretKey(new Uint8Array(32))).toBeUndefined();
    expect(addressOfPublicKey(new Uint8Array(33))).toBeUndefined();
  });

  it("are recovered to their signer, deterministic and low", () => {
    for (let i = 0; i < 8; i++) {
      const secret = random(32);
      const digest = random(32);
      const signature = nodeSignatures.sign(secret, digest);
      expect(signature.length).toBe(NODE_SIGNATURE_BYTES);
      expect(isCanonicalNodeSignature(signature)).toBe(true);
      expect(nodeSignatures.sign(secret, digest)).toEqual(signature);
      expect(nodeSignatures.recoverAddress(digest, signature)).toEqual(addressOfSecretKey(secret));
      expect(nodeSignatures.recoverAddress(random(32), signature)).not.toEqual(addressOfSecretKey(secret));
    }
  });

  it("refuse the high twin and malformed bytes", () => {
    const digest = random(32);
    const signature = nodeSignatures.sign(random(32), digest);
    const s = toBigInt(signature.subarray(32, 64));
    const high = uint(secp256k1.Point.Fn.ORDER - s, 32);
    const twin = concat(signature.subarray(0, 32), high, Uint8Array.of(1 - (signature[64] ?? 0)));
    expect(nodeSignatures.recoverAddress(digest, twin)).toBeUndefined();
    const zero = new Uint8Array(32);
    for (const bad of [
      signature.subarray(0, 64),
      concat(signature.subarray(0, 64), Uint8Array.of(2)),
      concat(zero, signature.subarray(32)),
      concat(signature.subarray(0, 32), zero, signature.subarray(64)),
      concat(
        zero.map(() => 0xff),
        signature.subarray(32),
      ),
      new Uint8Array(65),
    ]) {
      expect(nodeSignatures.recoverAddress(digest, bad)).toBeUndefined();
    }
    expect(nodeSignatures.recoverAddress(digest.subarray(1), signature)).toBeUndefined();
  });
});
