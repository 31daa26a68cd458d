import { setImmediate as turn } from "node:timers/promises";
import type { ChainReader, EthereumBlock, LocatedLog } from "@tributary/chain";
import type { LogMatch } from "./log-filter.ts";
import { logsSince } from "./log-query.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Blocks sent between two looks at whether the client keeps up. */
const BLOCKS_PER_PART = 64;

export type CatchUpSink = {
  /** Resolves once more may be sent. */
  writable(): Promise<void>;
  /** False once nobody wants it any more. */
  isOpen(): boolean;
  block(block: EthereumBlock): void;
  log(log: LocatedLog): void;
  fail(error: unknown): void;
};

/**
 * Brings a subscription from a block of the past to the live events, with nothing missed and nothing twice: it knows the
 * next block that its client has to get. Events of blocks that the past still has to bring are left to it.
 */
export class CatchUp {
  readonly #chain: ChainReader;
  readonly #match: LogMatch | undefined;
  readonly #sink: CatchUpSink;
  #next: number;
  /** Until `run` has reached the head: then live events are taken. */
  #isBehind = true;

  /** With `match` the logs that it names, else blocks. Nothing is sent before `run`. */
  constructor(chain: ChainReader, from: number, match: LogMatch | undefined, sink: CatchUpSink) {
    this.#chain = chain;
    this.#next = from;
    this.#match = match;
    this.#sink = sink;
  }

  /** Whether the live event of a block is the next one; the caller delivers it then. */
  takes(number: number): boolean {
    if (this.#isBehind || number < this.#next) return false;
    if (number > this.#next) {
      // An event was not seen: its block is fetched.
      this.run();
      return false;
    }
    this.#next = number + 1;
    return true;
  }

  /** Sends what is there up to the head, in the background. */
  run(): void {
    this.#isBehind = true;
    this.#send().catch((error: unknown) => this.#sink.fail(error));
  }

  async #send(): Promise<void> {
    while (this.#next <= this.#chain.head.header.number) {
      await this.#sink.writable();
      if (!this.#sink.isOpen()) return;
      if (this.#match === undefined) this.#sendBlocks();
      else await this.#sendLogs(this.#match);
      await turn();
      if (!this.#sink.isOpen()) return;
    }
    // Nothing was awaited since the head was read: the next event is that of the next block.
    this.#isBehind = false;
  }

  #sendBlocks(): void {
    const last = Math.min(this.#chain.head.header.number, this.#next + BLOCKS_PER_PART - 1);
    while (this.#next <= last) {
      const block = this.#chain.block(this.#next);
      if (block === undefined) throw new RpcError(RPC_CODE.prunedHistory, `block ${this.#next} is no longer kept here`);
      this.#next++;
      this.#sink.block(block);
    }
  }

  async #sendLogs(match: LogMatch): Promise<void> {
    const { logs, next } = await logsSince(this.#chain, this.#next, this.#chain.head.header.number, match);
    if (!this.#sink.isOpen()) return;
    this.#next = next;
    for (const log of logs) this.#sink.log(log);
  }
}
