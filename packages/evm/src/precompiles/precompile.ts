import type { Fork } from "../types.ts";

/** One contract that every state has without code. Pure: the same input always gives the same answer. */
export type Precompile = {
  /** Gas before anything is computed; must take time that does not grow with what the input only claims to hold. */
  cost(input: Uint8Array, fork: Fork): bigint;
  /** Undefined where the call fails, which costs all its gas. Called only when the cost is covered. */
  run(input: Uint8Array, fork: Fork): Uint8Array | undefined;
};

/** Precompiles by address. */
export type PrecompileTable = readonly (readonly [id: number, precompile: Precompile])[];
