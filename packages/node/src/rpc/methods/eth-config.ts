import { crc32 } from "node:zlib";
import type { ActiveRules, ChainReader, RuleSchedule } from "@tributary/chain";
import { FORK } from "@tributary/chain/executor/fork";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "@tributary/chain/genesis/predeploys";
import { activePrecompiles, type Fork } from "@tributary/evm";
import { uint } from "@tributary/protocol/bytes/bytes";
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

/** No blob is ever taken; the fraction is Prague's, because clients divide by it. */
const blobSchedule = { target: 0, max: 0, baseFeeUpdateFraction: 5_007_716 };

/** The rules that hold, and those to come (EIP-7910). */
export const ethConfig: Method = {
  name: "eth_config",
  run(params, context) {
    params.end();
    const { chain } = context;
    const { current, next, last } = chain.ethereum?.rules() ?? rentedRules(chain);
    return {
      current: rulesShape(current, chain.chainId),
      next: next === undefined ? null : rulesShape(next, chain.chainId),
      last: last === undefined ? null : rulesShape(last, chain.chainId),
    };
  },
};

/** On a rented chain the same rules hold from the first block on, and no others are announced. */
function rentedRules(chain: ChainReader): RuleSchedule {
  const current: ActiveRules = {
    ...{ activationTime: 0, fork: FORK, blobSchedule, forkId: forkId(chain) },
    systemContracts: { BEACON_ROOTS_ADDRESS, HISTORY_STORAGE_ADDRESS: HISTORY_ADDRESS },
  };
  return { current, next: undefined, last: undefined };
}

function rulesShape(rules: ActiveRules, chainId: bigint): Record<string, unknown> {
  const { activationTime, fork, forkId, systemContracts } = rules;
  return {
    ...{ activationTime, blobSchedule: rules.blobSchedule, chainId: quantity(chainId), forkId: data(forkId) },
    precompiles: precompiles(fork),
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

/** EIP-2124's hash of a chain whose rules never changed: CRC-32 of the genesis hash. */
function forkId({ genesisHash }: ChainReader): Uint8Array {
  return uint(crc32(genesisHash), 4);
}
