import { compressBlake2 } from "./arithmetic.ts";
import type { Precompile } from "./precompile.ts";

const INPUT_BYTES = 213;

/** The compression function of BLAKE2b (EIP-152): one gas a round. */
export const blake2f: Precompile = {
  cost: (input) =>
    input.length === INPUT_BYTES ? BigInt(new DataView(input.buffer, input.byteOffset).getUint32(0)) : 0n,
  run(input: Uint8Array): Uint8Array | undefined {
    const final = input[INPUT_BYTES - 1] ?? 2;
    return input.length === INPUT_BYTES && final <= 1 ? compressBlake2(input) : undefined;
  },
};
