import type { ActiveRules } from "@tributary/chain";
import { activePrecompiles, type Fork } from "@tributary/evm";
import { data, quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Names of EIP-7910. */
const precompileNames: Readonly<Record<number, string>> = {
  1: "ECREC",
  2: "SHA256",
  3: "RIPEMD160",
  4: "ID",
  5: "MODEXP",
  6: "BN254_ADD",
  7: "BN254_MUL",
  8: "BN254_PAIRING",
  9: "BLAKE2F",
  10: "KZG_POINT_EVALUATION",
  11: "BLS12_G1ADD",
  12: "BLS12_G1MSM",
  13: "BLS12_G2ADD",
  14: "BLS12_G2MSM",
  15: "BLS12_PAIRING_CHECK",
  16: "BLS12_MAP_FP_TO_G1",
  17: "BLS12_MAP_FP2_TO_G2",
  256: "P256VERIFY",
};

/** The rules that hold, and those to come (EIP-7910). */
export const ethConfig: Method = {
  name: "eth_config",
  run(params, context) {
    params.end();
    const { chain } = context;
    const { current, next, last } = chain.rules();
    return {
      current: rulesShape(current, chain.chainId),
      next: next === undefined ? null : rulesShape(next, chain.chainId),
      last: last === undefined ? null : rulesShape(last, chain.chainId),
    };
  },
};

function rulesShape(rules: ActiveRules, chainId: bigint): Record<string, unknown> {
  const { activationTime, fork, forkId, systemContracts } = rules;
  return {
    ...{ activationTime, blobSchedule: rules.blobSchedule, chainId: quantity(chainId), forkId: data(forkId) },
    // Nobody here can say what rules bring that this version does not know.
    precompiles: fork === undefined ? null : precompiles(fork),
    systemContracts: Object.fromEntries(Object.entries(systemContracts).map(([name, at]) => [name, data(at)])),
  };
}

/** By name, ascending, as the EIP wants it. */
function precompiles(fork: Fork): Record<string, string> {
  const entries = activePrecompiles(fork).map((id): [string, string] => [
    precompileNames[id] ?? `PRECOMPILE_${id}`,
    `0x${id.toString(16).padStart(40, "0")}`,
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
