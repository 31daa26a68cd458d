import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { CertifiedHeader, ExecutionResult, Executor, OrderedContainer } from "@tributary/protocol/ports/execution";
import { buildBlock } from "../block/build-block.ts";
import { timeOf } from "../block/header-codec.ts";
import { ChainError } from "../chain-error.ts";
import { type ForkRules, forkOf } from "../forks/fork.ts";
import { blockTime } from "../ledger/departure.ts";
import type { Layer, Ledger } from "../ledger/ledger.ts";
import { chargeAfter, feeTermsIn, slotsOf } from "../rules/fee-storage.ts";
import { isTermOf, type Term } from "../rules/term-storage.ts";
import type { TransactionDecoder } from "../transaction/decoder.ts";
import type { BlockContext, BlockExecutor } from "./block-executor.ts";
import { type ContainerLimits, runContainer } from "./run-container.ts";

export type ContainerExecutorParts = {
  readonly chainId: bigint;
  readonly ledger: Ledger;
  readonly blocks: BlockExecutor;
  readonly decoder: TransactionDecoder;
  readonly limits: ContainerLimits;
  readonly forks: readonly ForkRules[];
  /** Seats of a committee; undefined for one that never was. */
  readonly seatsOf: (era: number, epoch: number) => number | undefined;
  /** A block became visible; called before the commit's own callback. */
  readonly onCommitted: (layer: Layer) => void;
  /** This member can no longer execute: its store failed, or a bug. Nothing is executed or committed afterwards. */
  readonly onFailure: (error: unknown) => void;
};

function bytes32(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined || bytes.length !== 32) throw new TypeError(`${hex} is not a hash`);
  return bytes;
}

/** Executes ordered containers into blocks, one after the other, and commits those that are certified. */
export class ContainerExecutor implements Executor {
  readonly #parts: ContainerExecutorParts;
  #executions: Promise<void> = Promise.resolve();
  #commits: Promise<void> = Promise.resolve();
  /** Raised by a rollback: executions that were under way or waiting before it come to nothing. */
  #generation = 0;
  #failed = false;
  #stopping = false;
  /** Somebody waits for the executed blocks to be committed. */
  #settled: (() => void) | undefined;
  /** Highest height that `commit` was called for. */
  #certified = 0;

  constructor(parts: ContainerExecutorParts) {
    this.#parts = parts;
  }

  get committed(): number {
    return this.#parts.ledger.height;
  }

  knows(rules: number): boolean {
    return forkOf(this.#parts.forks, rules) !== undefined;
  }

  /** After a rollback, containers that were still under way are dropped without a call of `done`. */
  execute(container: OrderedContainer, done: (result: ExecutionResult) => void): void {
    const generation = this.#generation;
    this.#executions = this.#executions
      .then(async () => {
        if (generation !== this.#generation || this.#failed) return;
        const result = await this.#execute(container, () => generation === this.#generation);
        if (result !== undefined) done(result);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  commit(certified: CertifiedHeader, done: () => void): void {
    const { height } = certified.header;
    this.#certified = Math.max(this.#certified, height);
    this.#commits = this.#commits
      .then(async () => {
        if (this.#failed) return;
        const layer = await this.#parts.ledger.commit(height);
        this.#parts.onCommitted(layer);
        done();
        this.#settle();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  rollback(): void {
    this.#generation++;
    this.#parts.ledger.rollback(this.#certified);
    this.#settle();
  }

  /**
   * Does something between two blocks, with all executed ones committed; what fails in it stops the member. ChainError
   * `closed` where the chain stops before.
   */
  between<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#executions.then(async () => {
      while (this.#parts.ledger.hasLayers && !this.#over) await new Promise<void>((done) => (this.#settled = done));
      if (this.#over) throw new ChainError("closed", "the chain stops");
      return await work().catch((error: unknown) => {
        this.#fail(error);
        throw error;
      });
    });
    this.#executions = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** Lets what is under way end and does nothing more. Containers that wait are dropped, commits are done. */
  async stop(): Promise<void> {
    this.#generation++;
    this.#stopping = true;
    this.#settle();
    await this.#executions;
    await this.#commits;
    this.#failed = true;
  }

  async #execute(container: OrderedContainer, current: () => boolean): Promise<ExecutionResult | undefined> {
    const { ledger, blocks, decoder, limits, chainId, forks } = this.#parts;
    const fork = forkOf(forks, container.rules);
    if (fork === undefined) throw new RangeError(`container ${container.height} is to be executed by unknown rules`);
    const { block: parent, height, view, departure: before } = ledger.tip;
    if (container.height !== height + 1) {
      throw new RangeError(`container ${container.height} does not follow height ${height}`);
    }
    const { time, departure } = blockTime(before, container.time, timeOf(parent.header));
    const number = parent.header.number + 1;
    const { price: baseFee, tips, treasury } = chargeAfter(feeTermsIn(slotsOf(view)), parent.header);
    const term = this.#termOf(container);
    const context: BlockContext = {
      fork,
      number,
      timestamp: Math.floor(time / 1000),
      gasLimit: limits.gas,
      prevRandao: bytes32(container.beacon),
      parentHash: parent.hash,
      parentBeaconBlockRoot: bytes32(container.parent),
      blockHash: (wanted) => ledger.hash(wanted),
      coinbase: treasury,
      baseFee,
      tips,
      newTerm: isTermOf(slotsOf(view), term) ? undefined : term,
    };
    const run = await blocks.begin(view, context);
    const bodies = container.bodies.map(({ body }) => body);
    const { executed, receipts, marks } = await runContainer(run, bodies, chainId, decoder, limits);
    if (!current()) return undefined;
    const changes = run.finish();
    const buckets = ledger.bucketsAfter(changes);
    const block = buildBlock({
      parentHash: parent.hash,
      number,
      height: container.height,
      rules: fork.rules,
      time,
      gasLimit: limits.gas,
      beneficiary: treasury,
      baseFee,
      tips,
      mixHash: context.prevRandao,
      parentBeaconBlockRoot: context.parentBeaconBlockRoot,
      stateRoot: buckets.root,
      transactions: executed.map(({ raw }) => raw),
      transactionHashes: executed.map(({ hash }) => hash),
      receipts,
    });
    const record = { block, senders: executed.map(({ sender }) => sender) };
    ledger.push({ record, receipts, changes, buckets, departure });
    return { segments: [{ chainId, blockNumber: number, blockHash: toHex(block.hash) }], transactions: marks };
  }

  #termOf({ height, term: { era, epoch, committee } }: OrderedContainer): Term {
    const members = this.#parts.seatsOf(era, epoch);
    if (members === undefined) {
      throw new RangeError(`container ${height} names epoch ${epoch} of era ${era}, which never was`);
    }
    return { era, epoch, members, committee: bytes32(committee) };
  }

  get #over(): boolean {
    return this.#stopping || this.#failed;
  }

  #settle(): void {
    const settled = this.#settled;
    this.#settled = undefined;
    settled?.();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#settle();
    this.#parts.onFailure(error);
  }
}
