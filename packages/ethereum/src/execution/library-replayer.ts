import { createBlockFromRLP } from "@ethereumjs/block";
import type { EVM, EVMResult, InterpreterStep, Message } from "@ethereumjs/evm";
import { runTx, type VM } from "@ethereumjs/vm";
import { ChainError, type EthereumTransaction, type Watch } from "@tributary/chain";
import { encodeBlock } from "@tributary/chain/block/encode-block";
import { SimulatedState } from "@tributary/chain/simulation/simulated-state";
import type { StateReader } from "@tributary/evm/types";
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";
import { Touched } from "../state/touched.ts";
import { libraryCommon, libraryVm } from "./library-executor.ts";
import { LibraryTrace } from "./library-trace.ts";

/** Executes blocks from before Cancun again, on the library's EVM: nothing that it does is kept. */
export class LibraryReplayer {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * The first transactions of a block. Throws what `watch` and its tracers throw, and ChainError where a tracer wants
   * more than the library's steps tell.
   */
  async replay(entry: LedgerEntry, count: number, watch: Watch): Promise<void> {
    const { header } = entry.block;
    const ledger = this.#ledger;
    const common = libraryCommon(ledger.chainId, ledger.schedule.libraryRules(header, header.difficulty > 0n));
    const parent = ledger.entry(header.number - 1);
    if (parent === undefined) throw new ChainError("state-pruned", "there is no state before block 0");
    const manager = await ledger.trie.copyAt(parent.block.header.stateRoot);
    const touched = new Touched(manager);
    const vm = await libraryVm(common, manager, (number) => ledger.hashOf(number));
    const block = createBlockFromRLP(encodeBlock(entry.block), { common });
    const state = new SimulatedState(ledger.stateAt(header.number - 1), new Map());
    for (const [index, transaction] of entry.transactions.slice(0, count).entries()) {
      const tx = block.transactions[index];
      if (tx === undefined) break;
      const trace = begin(watch, transaction, index, state, header.beneficiary);
      const stop = trace === undefined ? undefined : listen(vm, trace);
      try {
        const { result, changes } = await touched.changesOf(() => runTx(vm, { tx, block }));
        state.apply(changes);
        finish(trace, result, result.totalGasSpent);
      } finally {
        stop?.();
      }
    }
  }
}

function begin(
  watch: Watch,
  transaction: EthereumTransaction,
  index: number,
  state: StateReader,
  coinbase: Uint8Array,
): LibraryTrace | undefined {
  const tracer = watch(transaction, index);
  if (tracer === undefined) return undefined;
  if (tracer.enter !== undefined || tracer.settle !== undefined) {
    throw new ChainError("state-pruned", "of blocks from before Cancun there are struct logs only");
  }
  return new LibraryTrace(tracer, transaction, state, coinbase);
}

function listen(vm: VM, trace: LibraryTrace): () => void {
  const { events } = vm.evm as EVM;
  const step = (event: InterpreterStep): void => trace.step(event);
  const before = (message: Message): void => trace.enter(message);
  const after = ({ execResult }: EVMResult): void => trace.exit(execResult.exceptionError?.error);
  events.on("step", step);
  events.on("beforeMessage", before);
  events.on("afterMessage", after);
  return () => {
    events.off("step", step);
    events.off("beforeMessage", before);
    events.off("afterMessage", after);
  };
}

function finish(trace: LibraryTrace | undefined, { execResult, createdAddress }: EVMResult, gasUsed: bigint): void {
  const error = execResult.exceptionError?.error;
  const status = error === undefined ? "success" : error === "revert" ? "revert" : "halt";
  trace?.end(
    {
      ...{ kind: "executed", status, halt: undefined, gasUsed, refund: 0n, logs: [], output: execResult.returnValue },
      created: createdAddress?.bytes,
    },
    error,
  );
}
