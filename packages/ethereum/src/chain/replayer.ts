import type { Watch } from "@tributary/chain";
import { placeOf } from "../execution/block-place.ts";
import { EvmExecutor } from "../execution/evm-executor.ts";
import { LibraryReplayer } from "../execution/library-replayer.ts";
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";

/** Executes blocks of an Ethereum chain again, on the state before them: nothing that it does is kept. */
export class Replayer {
  readonly #ledger: Ledger;
  readonly #own: EvmExecutor;
  readonly #library: LibraryReplayer;

  private constructor(ledger: Ledger, own: EvmExecutor) {
    this.#ledger = ledger;
    this.#own = own;
    this.#library = new LibraryReplayer(ledger);
  }

  static async create(ledger: Ledger): Promise<Replayer> {
    return new Replayer(ledger, await EvmExecutor.create(ledger.chainId, ledger.genesis.depositContract));
  }

  /** The first transactions of a block. Throws what `watch` and its tracers throw. */
  async replay(entry: LedgerEntry, count: number, watch: Watch): Promise<void> {
    const { header } = entry.block;
    const rules = this.#ledger.schedule.rulesAt(header.timestamp);
    if (rules === undefined) {
      await this.#library.replay(entry, count, watch);
      return;
    }
    const state = this.#ledger.stateAt(header.number - 1);
    this.#own.replay(placeOf(header), rules, state, entry.transactions.slice(0, count), watch);
  }
}
