import { setImmediate as turn } from "node:timers/promises";
import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { EthereumTransaction } from "../block/ethereum.ts";
import { ChainError } from "../chain-error.ts";
import { armRules } from "../rules/arm-rules.ts";
import { paymentOf } from "../rules/fee-storage.ts";
import type { StateReader } from "../state/state-view.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { BlockContext } from "./block-executor.ts";
import { blockEnv, evmTransaction, runSystemCalls } from "./evm-input.ts";
import { FlatState } from "./flat-state.ts";

/** Replays that may wait for their turn. */
const MAX_WAITING = 16;

/** Whom a transaction is executed under, by its index in the block; undefined for nobody. May throw to end the replay. */
export type Watch = (transaction: EthereumTransaction, index: number) => Tracer | undefined;

/** Executes blocks of the past again, one at a time, on an EVM of its own: nothing that it does is kept. */
export class Replayer {
  readonly #chainId: bigint;
  readonly #evm: Evm;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  private constructor(chainId: bigint, evm: Evm) {
    this.#chainId = chainId;
    this.#evm = evm;
  }

  static async create(chainId: bigint): Promise<Replayer> {
    return new Replayer(chainId, await Evm.create(runPrecompile));
  }

  /**
   * The first transactions of a block on the state before it; after each the event loop gets its turn. Throws what
   * `watch` and its tracers throw, and ChainError `busy` where too many wait.
   */
  replay(state: StateReader, context: BlockContext, transactions: readonly Transaction[], watch: Watch): Promise<void> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(new ChainError("busy", "too many traces wait here"));
    }
    this.#waiting++;
    const done = this.#last.then(() => this.#replay(state, context, transactions, watch));
    this.#last = done.then(
      () => this.#leave(),
      () => this.#leave(),
    );
    return done;
  }

  #leave(): void {
    this.#waiting--;
  }

  async #replay(
    state: StateReader,
    context: BlockContext,
    transactions: readonly Transaction[],
    watch: Watch,
  ): Promise<void> {
    this.#evm.begin(blockEnv(context, this.#chainId), new FlatState(state, context.blockHash));
    runSystemCalls(this.#evm, context);
    const charge = { price: context.baseFee ?? 0n, tips: context.tips ?? false };
    for (const [index, transaction] of transactions.entries()) {
      const tracer = watch(transaction, index);
      const payment = paymentOf(charge, transaction, (...at) => this.#evm.storage(...at));
      const input = evmTransaction(transaction, payment?.price ?? 0n);
      armRules(this.#evm, transaction);
      const outcome = tracer === undefined ? this.#evm.execute(input) : this.#evm.trace(input, tracer);
      if (outcome.kind === "invalid") {
        const where = `transaction ${index} of block ${context.number}`;
        throw new ChainError("store-damaged", `${where} cannot be executed again: ${outcome.reason}`);
      }
      await turn();
    }
  }
}
