import { Hardfork } from "@ethereumjs/common";
import { encodeBlock } from "@tributary/chain/block/encode-block";
import type { EthereumBlock, EthereumTransaction } from "@tributary/chain/block/ethereum";
import { headerHash } from "@tributary/chain/block/header-codec";
import { type RawBlock, readBlocks } from "../block/block-codec.ts";
import { TransactionDecoder } from "../block/transaction-decoder.ts";
import type { GenesisFile } from "../config/genesis-file.ts";
import { type UpgradeRules, UpgradeSchedule } from "../config/upgrade-schedule.ts";
import { EthereumError } from "../ethereum-error.ts";
import { placeOf } from "../execution/block-place.ts";
import { EvmExecutor } from "../execution/evm-executor.ts";
import type { ExecutedBlock } from "../execution/executed-block.ts";
import { LibraryExecutor, libraryCommon } from "../execution/library-executor.ts";
import { Ledger } from "../ledger/ledger.ts";
import { StateTrie } from "../state/state-trie.ts";
import { Touched } from "../state/touched.ts";
import { checkHeader, checkOutcome } from "./check-block.ts";
import { genesisHeader, writeGenesis } from "./genesis-block.ts";

/** How many blocks were executed on what. */
export type ImportCounts = { readonly library: number; readonly own: number };

/** Executes the blocks of an Ethereum chain one after the other and holds each to the roots of its header. */
export class ChainImport {
  readonly ledger: Ledger;
  readonly #decoder: TransactionDecoder;
  readonly #library: LibraryExecutor;
  readonly #own: EvmExecutor;
  #counts = { library: 0, own: 0 };

  private constructor(ledger: Ledger, touched: Touched, own: EvmExecutor) {
    this.ledger = ledger;
    this.#decoder = new TransactionDecoder(ledger.chainId);
    this.#library = new LibraryExecutor(ledger.chainId, ledger.trie, touched, (number) => ledger.hashOf(number));
    this.#own = own;
  }

  /** The chain with its first block. */
  static async begin(genesis: GenesisFile): Promise<ChainImport> {
    const schedule = new UpgradeSchedule(genesis);
    const trie = new StateTrie(libraryCommon(genesis.chainId, Hardfork.Shanghai));
    const touched = new Touched(trie.manager);
    const { result: stateRoot, changes } = await touched.changesOf(() => writeGenesis(trie, genesis));
    const ledger = new Ledger(genesis, schedule, trie);
    const header = genesisHeader(genesis, schedule, stateRoot);
    const block: EthereumBlock = {
      ...{ header, hash: headerHash(header), transactions: [], transactionHashes: [] },
      size: encodeBlock({ header, transactions: [] }).length,
    };
    ledger.add({ block, transactions: [], receipts: [] }, changes);
    return new ChainImport(ledger, touched, await EvmExecutor.create(genesis.chainId, genesis.depositContract));
  }

  get counts(): ImportCounts {
    return this.#counts;
  }

  /** All blocks of a file. Throws EthereumError `chain-file` or `invalid-block`. */
  async addFile(file: Uint8Array): Promise<void> {
    for (const raw of readBlocks(file)) {
      // A file that begins with genesis tells nothing new with it, if it is the same.
      if (raw.header.number === 0 && this.#isGenesis(raw)) continue;
      await this.add(raw);
    }
  }

  /** The next block; after a refusal another one may be tried. Throws EthereumError `invalid-block`. */
  async add(raw: RawBlock): Promise<void> {
    const { header } = raw;
    const { schedule, trie } = this.ledger;
    const parent = this.ledger.head.block;
    const rules = schedule.rulesAt(header.timestamp);
    checkHeader(raw, parent, schedule, rules);
    const transactions = this.#decode(raw);
    const executed = await this.#execute(raw, transactions, rules);
    const { stateRoot: before } = parent.header;
    const stateRoot =
      rules === undefined ? await trie.manager.getStateRoot() : await trie.apply(before, executed.changes);
    checkOutcome(header, executed.receipts, stateRoot, executed.requests?.hash);
    const { uncles, withdrawals, encoded } = raw;
    const block: EthereumBlock = {
      ...{ header, hash: headerHash(header), size: encoded.length, transactions: raw.transactions },
      transactionHashes: transactions.map(({ hash }) => hash),
      ...(uncles.length === 0 ? {} : { uncles }),
      ...(withdrawals === undefined ? {} : { withdrawals }),
    };
    this.ledger.add({ block, transactions, receipts: executed.receipts }, executed.changes);
  }

  #isGenesis({ header }: RawBlock): boolean {
    return Buffer.compare(headerHash(header), this.ledger.hashOf(0) ?? new Uint8Array(0)) === 0;
  }

  #decode({ header, transactions }: RawBlock): readonly EthereumTransaction[] {
    return transactions.map((raw, index) => {
      try {
        return this.#decoder.decode(raw);
      } catch (error) {
        const where = `block ${header.number}: transaction ${index}`;
        throw new EthereumError("invalid-block", `${where} does not decode`, error);
      }
    });
  }

  async #execute(
    raw: RawBlock,
    transactions: readonly EthereumTransaction[],
    rules: UpgradeRules | undefined,
  ): Promise<ExecutedBlock> {
    const { header } = raw;
    if (rules === undefined) {
      this.#counts = { ...this.#counts, library: this.#counts.library + 1 };
      const name = this.ledger.schedule.libraryRules(header, header.difficulty > 0n);
      try {
        await this.ledger.trie.manager.setStateRoot(this.ledger.head.block.header.stateRoot);
        return await this.#library.execute(raw, transactions, name);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new EthereumError("invalid-block", `block ${header.number}: ${reason}`, error);
      }
    }
    this.#counts = { ...this.#counts, own: this.#counts.own + 1 };
    const state = this.ledger.stateAt(header.number - 1);
    return this.#own.execute(placeOf(header), rules, state, transactions, raw.withdrawals ?? []);
  }
}
