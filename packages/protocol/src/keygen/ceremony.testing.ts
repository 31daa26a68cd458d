// Test support: whole key generations in memory, from seeded randomness so that every run is the same.

import { bls12_381 } from "@noble/curves/bls12-381.js";
import { concat, uint } from "../bytes/bytes.ts";
import { BlsSecretKey } from "../crypto/bls.ts";
import { keccak256 } from "../crypto/keccak.ts";
import type { HashContext } from "../crypto/scalar.ts";
import type { EncryptionKey, PostedDealing } from "../ports/key-vault.ts";
import { makeDealing } from "./dealing.ts";
import { makeEncryptionKey, type Random } from "./encryption-key.ts";

export function seededRandom(seed: string): Random {
  const key = keccak256(new TextEncoder().encode(seed));
  let counter = 0;
  return (length) => {
    const blocks: Uint8Array[] = [];
    for (let size = 0; size < length; size += 32) blocks.push(keccak256(concat(key, uint(counter++, 8))));
    return concat(...blocks).slice(0, length);
  };
}

export type CeremonyMember = {
  readonly seat: number;
  readonly nodeId: number;
  readonly registered: BlsSecretKey;
  readonly encryption: EncryptionKey & { readonly secret: Uint8Array };
  /** As `openDealing` takes it. */
  readonly opener: { readonly seat: number; readonly key: Uint8Array; readonly secret: Uint8Array };
};

export type Ceremony = {
  readonly context: HashContext;
  readonly random: Random;
  readonly members: readonly CeremonyMember[];
  readonly encryptionKeys: readonly Uint8Array[];
  readonly dealings: readonly PostedDealing[];
};

/** N members with their keys, and an honest dealing of each. */
export function ceremony(count: number, seed: string): Ceremony {
  const random = seededRandom(`${seed}/${count}`);
  const context = { group: random(32), era: 0, epoch: 0 };
  const members = Array.from({ length: count }, (_, seat): CeremonyMember => {
    const encryption = makeEncryptionKey(context, seat, random);
    const opener = { seat, key: encryption.key, secret: encryption.secret };
    return { seat, nodeId: 100 + seat, registered: BlsSecretKey.generate(random), encryption, opener };
  });
  const encryptionKeys = members.map(({ encryption }) => encryption.key);
  const dealings = members.map(({ seat }): PostedDealing => {
    const dealing = makeDealing(context, seat, encryptionKeys, random);
    if (dealing === undefined) throw new Error("an honest dealing cannot fail");
    return { dealer: seat, dealing };
  });
  return { context, random, members, encryptionKeys, dealings };
}

/** 48 canonical bytes of no point of the subgroup: on the curve outside of it, or off the curve. */
export function strayPoint(onCurve: boolean): Uint8Array {
  const { Fp } = bls12_381.fields;
  for (let x = 1; x < 100; x++) {
    // Euler's criterion: a nonzero square to the power (p-1)/2 is 1.
    const square = Fp.pow(Fp.add(Fp.pow(BigInt(x), 3n), 4n), (Fp.ORDER - 1n) / 2n) === 1n;
    // A small x in the subgroup would be a chance of 2^-125.
    if (square === onCurve) {
      const bytes = new Uint8Array(48);
      bytes[0] = 0x80;
      bytes[47] = x;
      return bytes;
    }
  }
  throw new Error("no such x below 100");
}
