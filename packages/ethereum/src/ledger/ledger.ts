import type { EthereumBlock, EthereumReceipt, EthereumTransaction } from "@tributary/chain/block/ethereum";
import { toKey } from "@tributary/chain/store/key";
import type { StateReader } from "@tributary/evm/types";
import type { GenesisFile } from "../config/genesis-file.ts";
import type { UpgradeSchedule } from "../config/upgrade-schedule.ts";
import type { StateChanges } from "../state/state-changes.ts";
import { StateHistory } from "../state/state-history.ts";
import type { StateTrie } from "../state/state-trie.ts";

/** A block with what executing it came to. */
export type LedgerEntry = {
  readonly block: EthereumBlock;
  readonly transactions: readonly EthereumTransaction[];
  readonly receipts: readonly EthereumReceipt[];
};

/** Blocks and states of an Ethereum chain, all of them, in memory. */
export class Ledger {
  readonly genesis: GenesisFile;
  readonly schedule: UpgradeSchedule;
  readonly trie: StateTrie;
  readonly #history = new StateHistory();
  readonly #entries: LedgerEntry[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #places = new Map<string, { readonly number: number; readonly index: number }>();

  constructor(genesis: GenesisFile, schedule: UpgradeSchedule, trie: StateTrie) {
    this.genesis = genesis;
    this.schedule = schedule;
    this.trie = trie;
  }

  get chainId(): bigint {
    return this.genesis.chainId;
  }

  get head(): LedgerEntry {
    const head = this.#entries.at(-1);
    if (head === undefined) throw new Error("the ledger has no genesis block");
    return head;
  }

  add(entry: LedgerEntry, changes: StateChanges): void {
    const { number } = entry.block.header;
    this.#history.add(number, changes);
    this.#entries.push(entry);
    this.#numbers.set(toKey(entry.block.hash), number);
    for (const [index, hash] of entry.block.transactionHashes.entries()) {
      this.#places.set(toKey(hash), { number, index });
    }
  }

  entry(number: number): LedgerEntry | undefined {
    return this.#entries[number];
  }

  numberOf(blockHash: Uint8Array): number | undefined {
    return this.#numbers.get(toKey(blockHash));
  }

  /** Where a transaction stands. */
  locate(hash: Uint8Array): { readonly number: number; readonly index: number } | undefined {
    return this.#places.get(toKey(hash));
  }

  hashOf(number: number): Uint8Array | undefined {
    return this.#entries[number]?.block.hash;
  }

  /** The state after a block, as the EVM reads it in a block after it. */
  stateAt(number: number): StateReader {
    return this.#history.at(number, (asked) => this.hashOf(Number(asked)));
  }
}
