import { createHash } from "node:crypto";
import { ripemd160 as hashRipemd160 } from "@noble/hashes/legacy.js";
import { sha256 as hashSha256 } from "@noble/hashes/sha2.js";
import { words } from "./bytes.ts";
import type { Precompile } from "./precompile.ts";

/** Bytes from which the native hash is worth its fixed cost. */
const NATIVE_FROM = 192;

export const sha256: Precompile = {
  cost: (input) => 60n + 12n * words(input.length, 32),
  run: (input) =>
    input.length < NATIVE_FROM ? hashSha256(input) : new Uint8Array(createHash("sha256").update(input).digest()),
};

/** Not by node:crypto: OpenSSL may be built without it. */
export const ripemd160: Precompile = {
  cost: (input) => 600n + 120n * words(input.length, 32),
  run(input: Uint8Array): Uint8Array {
    const word = new Uint8Array(32);
    word.set(hashRipemd160(input), 12);
    return word;
  },
};
