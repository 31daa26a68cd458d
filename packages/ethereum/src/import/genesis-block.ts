import { Address } from "@ethereumjs/util";
import type { EthereumHeader } from "@tributary/chain/block/ethereum";
import { CONSTANT_FIELDS } from "@tributary/chain/block/header-codec";
import { EMPTY_TRIE_ROOT } from "@tributary/chain/trie/ordered-root";
import type { GenesisFile } from "../config/genesis-file.ts";
import type { UpgradeSchedule } from "../config/upgrade-schedule.ts";
import { requestsHash } from "../execution/requests.ts";
import type { StateTrie } from "../state/state-trie.ts";

/** Writes the accounts of genesis into the trie; gives the state's root. */
export async function writeGenesis({ manager }: StateTrie, { accounts }: GenesisFile): Promise<Uint8Array> {
  for (const { address, nonce, balance, code, storage } of accounts) {
    const at = new Address(address);
    await manager.modifyAccountFields(at, { nonce, balance });
    if (code.length > 0) await manager.putCode(at, code);
    for (const [slot, value] of storage) await manager.putStorage(at, slot, value);
  }
  return manager.getStateRoot();
}

/** The header of block 0. */
export function genesisHeader(file: GenesisFile, schedule: UpgradeSchedule, stateRoot: Uint8Array): EthereumHeader {
  const { ommersHash } = CONSTANT_FIELDS;
  const rules = schedule.rulesAt(file.timestamp);
  return {
    ...{ parentHash: new Uint8Array(32), ommersHash, beneficiary: file.coinbase, stateRoot },
    ...{ transactionsRoot: EMPTY_TRIE_ROOT, receiptsRoot: EMPTY_TRIE_ROOT, logsBloom: new Uint8Array(256) },
    ...{ difficulty: file.difficulty, number: 0, gasLimit: file.gasLimit, gasUsed: 0, timestamp: file.timestamp },
    ...{ extraData: file.extraData, mixHash: file.mixHash, nonce: file.nonce },
    ...(schedule.isLondon(0) ? { baseFeePerGas: file.baseFee ?? 1_000_000_000n } : {}),
    ...(schedule.isShanghai(file.timestamp) ? { withdrawalsRoot: EMPTY_TRIE_ROOT } : {}),
    ...(rules === undefined ? {} : { blobGasUsed: 0n, excessBlobGas: 0n, parentBeaconBlockRoot: new Uint8Array(32) }),
    ...(rules === undefined || rules.fork === "cancun" ? {} : { requestsHash: requestsHash([]) }),
  };
}
