import { crc32 } from "node:zlib";
import type { ChainReader } from "@tributary/chain";
import { FORK } from "@tributary/chain/executor/fork";
import { buildGenesis } from "@tributary/chain/genesis/genesis";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "@tributary/chain/genesis/predeploys";
import { activePrecompiles } from "@tributary/evm";
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

/** The rules that hold (EIP-7910): the same ones from the first block on, and no others are announced. */
export const ethConfig: Method = {
  name: "eth_config",
  run(params, context) {
    params.end();
    return {
      current: {
        activationTime: 0,
        blobSchedule,
        chainId: quantity(context.chain.chainId),
        forkId: forkId(context.chain),
        precompiles: precompiles(),
        systemContracts: {
          BEACON_ROOTS_ADDRESS: data(BEACON_ROOTS_ADDRESS),
          HISTORY_STORAGE_ADDRESS: data(HISTORY_ADDRESS),
        },
      },
      next: null,
      last: null,
    };
  },
};

/** By name, ascending, as the EIP wants it. */
function precompiles(): Record<string, string> {
  const entries = activePrecompiles(FORK).map((id): [string, string] => [
    precompileNames[id] ?? `PRECOMPILE_${id}`,
    `0x${id.toString(16).padStart(40, "0")}`,
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** EIP-2124's hash of a chain whose rules never changed: CRC-32 of the genesis hash. */
function forkId(chain: ChainReader): string {
  const genesis = chain.block(0)?.hash ?? buildGenesis(chain.genesis).block.hash;
  return `0x${crc32(genesis).toString(16).padStart(8, "0")}`;
}
