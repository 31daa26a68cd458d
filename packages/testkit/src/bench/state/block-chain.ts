import { ContainerExecutor } from "@tributary/chain/executor/container-executor";
import { EvmBlockExecutor } from "@tributary/chain/executor/evm-block-executor";
import { KNOWN_FORKS } from "@tributary/chain/forks/fork";
import { Ledger } from "@tributary/chain/ledger/ledger";
import type { StateReader } from "@tributary/chain/state/state-view";
import type { KeyValueStore } from "@tributary/chain/store/key-value-store";
import { TransactionBodyRules } from "@tributary/chain/transaction/body-rules";
import { TransactionDecoder } from "@tributary/chain/transaction/decoder";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { CertifiedHeader, ExecutionResult } from "@tributary/protocol/ports/execution";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { CHAIN_ID, owner } from "./accounts.ts";

const ZERO_HASH = `0x${"00".repeat(32)}` as const;
const START = 1_700_000_000;
const GAS_LIMIT = 4_000_000_000;
const BYTE_LIMIT = 16_000_000;

const genesis: GenesisParameters = {
  chainId: CHAIN_ID,
  name: "bench",
  owner: toHex(owner),
  timestamp: START,
  gasLimit: GAS_LIMIT,
  byteLimit: BYTE_LIMIT,
  allocation: [{ address: toHex(owner), balance: 10n ** 18n }],
};

export type BlockTimes = {
  /** Milliseconds from the order to the executed block with its state root. */
  readonly execute: number;
  /** Milliseconds of writing it. */
  readonly commit: number;
};

/** The chain's own executor, ledger and store without consensus, pool and network. */
export class BlockChain {
  readonly #ledger: Ledger;
  readonly #decoder: TransactionDecoder;
  readonly #bodies: TransactionBodyRules;
  readonly #executor: ContainerExecutor;
  #failure: unknown;

  private constructor(ledger: Ledger, blocks: EvmBlockExecutor) {
    this.#ledger = ledger;
    this.#decoder = new TransactionDecoder(CHAIN_ID);
    this.#bodies = new TransactionBodyRules(CHAIN_ID, this.#decoder);
    this.#executor = new ContainerExecutor({
      ...{ chainId: CHAIN_ID, ledger, blocks, decoder: this.#decoder },
      limits: { gas: GAS_LIMIT, bytes: BYTE_LIMIT },
      forks: KNOWN_FORKS,
      seatsOf: () => 4,
      onCommitted: () => undefined,
      onFailure: (error) => {
        this.#failure = error;
      },
    });
  }

  static async open(store: KeyValueStore): Promise<BlockChain> {
    return new BlockChain(await Ledger.open(store, genesis), await EvmBlockExecutor.create(CHAIN_ID));
  }

  /** State after the newest block. */
  get state(): StateReader {
    return this.#ledger.tip.view;
  }

  /** Recovers the senders, as the pool has done when a block is executed. */
  prepare(transactions: readonly Uint8Array[]): void {
    for (const raw of transactions) {
      if (!this.#decoder.decode(raw).ok) throw new Error("a transaction does not decode");
    }
  }

  /** Executes and commits one block. Throws unless every transaction succeeds. */
  async block(transactions: readonly Uint8Array[]): Promise<BlockTimes> {
    const height = this.#ledger.head.height + 1;
    const container = {
      ...{ height, rules: 1, beacon: ZERO_HASH, parent: ZERO_HASH, mainchain: { number: 0, hash: ZERO_HASH } },
      term: { era: 0, epoch: 0, committee: ZERO_HASH },
      ...{ time: START * 1000 + height * 700, bodies: [{ body: this.#bodies.encode(transactions) }] },
    };
    const start = performance.now();
    const result = await this.#settled<ExecutionResult>((done) => this.#executor.execute(container, done));
    const middle = performance.now();
    await this.#settled<void>((done) => this.#executor.commit(certified(height), () => done()));
    const end = performance.now();
    const missing = result.transactions.filter(({ mark }) => mark !== "executed").length;
    const receipts = this.#ledger.blocks.receipts(this.#ledger.head.header.number);
    const failed = receipts.filter(({ status }) => status !== 1).length;
    if (missing > 0 || failed > 0 || receipts.length !== transactions.length) {
      throw new Error(`block ${height}: ${missing} transactions not executed, ${failed} failed`);
    }
    return { execute: middle - start, commit: end - middle };
  }

  /** A failure of the executor never calls back: it is looked for meanwhile. */
  #settled<T>(start: (done: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = setInterval(() => {
        if (this.#failure === undefined) return;
        clearInterval(look);
        reject(this.#failure);
      }, 100);
      start((value) => {
        clearInterval(look);
        resolve(value);
      });
    });
  }
}

function certified(height: number): CertifiedHeader {
  return {
    header: {
      ...{ version: 1, rules: 1, group: ZERO_HASH, era: 0, epoch: 0, height, committee: ZERO_HASH },
      ...{ parent: ZERO_HASH, order: ZERO_HASH, beacon: ZERO_HASH, time: 0, mainchainNumber: 0 },
      ...{ mainchainHash: ZERO_HASH, bodyRoot: ZERO_HASH, segmentsRoot: ZERO_HASH },
    },
    hash: ZERO_HASH,
    certificate: new Uint8Array(96),
  };
}
