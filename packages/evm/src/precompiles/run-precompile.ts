import type { Fork, PrecompileResult } from "../types.ts";
import { blake2f } from "./blake2f.ts";
import { blsG1Add, blsG1Msm, blsG2Add, blsG2Msm, blsMapFp2ToG2, blsMapFpToG1, blsPairing } from "./bls12-381.ts";
import { bn254Add, bn254Mul, bn254Pairing } from "./bn254.ts";
import { ecrecover } from "./ecrecover.ts";
import { ripemd160, sha256 } from "./hashes.ts";
import { identity } from "./identity.ts";
import { kzgPointEvaluation } from "./kzg.ts";
import { modexp } from "./modexp.ts";
import { p256verify } from "./p256verify.ts";
import type { Precompile, PrecompileTable } from "./precompile.ts";

const cancun: PrecompileTable = [
  [0x01, ecrecover],
  [0x02, sha256],
  [0x03, ripemd160],
  [0x04, identity],
  [0x05, modexp],
  [0x06, bn254Add],
  [0x07, bn254Mul],
  [0x08, bn254Pairing],
  [0x09, blake2f],
  [0x0a, kzgPointEvaluation],
];

const prague: PrecompileTable = [
  ...cancun,
  [0x0b, blsG1Add],
  [0x0c, blsG1Msm],
  [0x0d, blsG2Add],
  [0x0e, blsG2Msm],
  [0x0f, blsPairing],
  [0x10, blsMapFpToG1],
  [0x11, blsMapFp2ToG2],
];

const osaka: PrecompileTable = [...prague, [0x100, p256verify]];

const tables: Readonly<Record<Fork, ReadonlyMap<number, Precompile>>> = {
  cancun: new Map(cancun),
  prague: new Map(prague),
  osaka: new Map(osaka),
};

const NOTHING = new Uint8Array(0);

/** Addresses that are precompiles, ascending. */
export function activePrecompiles(fork: Fork): readonly number[] {
  return [...tables[fork].keys()];
}

/**
 * Calls the precompile at address `id` with `gas`. Where it fails, or the gas does not suffice, all gas is used and
 * there is no output. Throws a RangeError where the fork has no such precompile: there an account is called.
 */
export function runPrecompile(id: number, input: Uint8Array, gas: bigint, fork: Fork): PrecompileResult {
  const precompile = tables[fork].get(id);
  if (!precompile) throw new RangeError(`no precompile ${id} in ${fork}`);
  const cost = precompile.cost(input, fork);
  const output = cost > gas ? undefined : precompile.run(input, fork);
  return output === undefined ? { ok: false, gasUsed: gas, output: NOTHING } : { ok: true, gasUsed: cost, output };
}
