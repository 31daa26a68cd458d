import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import type { BodyRules, Executor, TransactionPool } from "@tributary/protocol/ports/execution";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import type { Block } from "../block/block.ts";
import { paysTips } from "../block/header-codec.ts";
import type { LocatedLog } from "../block/receipt.ts";
import { ChainError } from "../chain-error.ts";
import type { BlockContext, BlockExecutor } from "../executor/block-executor.ts";
import type { CallRequest, CallResult } from "../executor/call.ts";
import { ContainerExecutor } from "../executor/container-executor.ts";
import { EvmBlockExecutor } from "../executor/evm-block-executor.ts";
import { FlatState } from "../executor/flat-state.ts";
import { Replayer, type Watch } from "../executor/replayer.ts";
import { type ForkRules, KNOWN_FORKS, requireFork } from "../forks/fork.ts";
import { buildGenesis } from "../genesis/genesis.ts";
import { parametersDigest } from "../genesis/parameters-digest.ts";
import type { BlockRecord } from "../ledger/block-record.ts";
import { HISTORY_BLOCKS, type Layer, Ledger } from "../ledger/ledger.ts";
import { CreditBook } from "../pool/credit-book.ts";
import { DEFAULT_GASLESS, type GaslessSettings, type GaslessTerms } from "../pool/gasless.ts";
import { Pool } from "../pool/pool.ts";
import { DEFAULT_POOL_LIMITS, type PoolLimits } from "../pool/pool-environment.ts";
import type { PoolStatus } from "../pool/pool-status.ts";
import type { Standing } from "../pool/precedence.ts";
import { BookKeeper, usesIn } from "../pool/uses.ts";
import { type Charge, chargeAfter, feeTermsIn, slotsOf } from "../rules/fee-storage.ts";
import { isTermOf, termIn } from "../rules/term-storage.ts";
import { RentedRules } from "../simulation/rented-rules.ts";
import type { BlockPlan, SimulatedBlock, SimulationOptions } from "../simulation/simulation.ts";
import { Simulator } from "../simulation/simulator.ts";
import { openState } from "../snapshot/install.ts";
import { type CheckedManifest, checkManifest, type Manifest } from "../snapshot/manifest.ts";
import { readCodes } from "../snapshot/snapshot-files.ts";
import { FrozenChain } from "../snapshot/snapshot-writer.ts";
import { diskStates } from "../snapshot/state-folders.ts";
import { StateImport } from "../snapshot/state-import.ts";
import { storageKey } from "../state/flat-key.ts";
import { accountIn, accountWithCode } from "../state/read-account.ts";
import { recomputeStateRoot, type StateAudit } from "../state/recompute-state-root.ts";
import type { StateReader } from "../state/state-view.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { TransactionBodyRules } from "../transaction/body-rules.ts";
import { TransactionDecoder } from "../transaction/decoder.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { affordableGas } from "./affordable-gas.ts";
import { Development } from "./development.ts";
import { estimateGas } from "./estimate-gas.ts";
import type { RuleSchedule } from "./ethereum-view.ts";
import { includedReceipt, includedReceipts, includedTransaction, transactionIn } from "./included.ts";
import { logsIn, searchLogs } from "./log-search.ts";
import { poolChain, termsAfter, usersOf } from "./pool-chain.ts";
import type {
  BlockEvent,
  BlockId,
  ChainReader,
  GasEstimate,
  IncludedReceipt,
  IncludedTransaction,
  LogFilter,
  Pretence,
  SubmitResult,
} from "./reader.ts";
import { rentedSchedule } from "./rented-schedule.ts";

/** Gas of a call without a limit, and the most that a call gets. */
export const CALL_GAS_LIMIT = 50_000_000n;
/** Fewest blocks that can be kept: members that are not far behind, and BLOCKHASH, ask for them. */
export const MIN_KEPT_BLOCKS = 4_096;
/** Blocks in one batch of removals. */
const PRUNED_AT_ONCE = 128;

export type ChainOptions = {
  readonly genesis: GenesisParameters;
  /** Folder of the chain's database and of the pool's log; or a store, and then the pool keeps no log. */
  readonly storage: { readonly directory: string } | { readonly store: KeyValueStore };
  readonly pool?: PoolLimits;
  /** Newest blocks that are kept whole, from MIN_KEPT_BLOCKS on; all where it says nothing. `prune` drops the others. */
  readonly keepBlocks?: number;
  readonly gasless?: GaslessSettings;
  /** Rules that blocks can be executed by; those of this build where it says nothing. */
  readonly forks?: readonly ForkRules[];
  /** What the mainchain says of the chain's forks, as far as this node read it. */
  readonly schedule?: () => readonly ScheduledFork[];
  /** Seats of the committee of an epoch; undefined for one that never was. */
  readonly seatsOf: (era: number, epoch: number) => number | undefined;
  /** The chain can no longer execute or commit (its store failed, or a bug): stop the member. */
  readonly onFailure: (error: unknown) => void;
};

/**
 * One chain at one member: its certified blocks and state, the blocks that wait for certificates, and its pool.
 * Consensus drives `executor`, `pool` and `bodies`; JSON-RPC reads the rest.
 */
export class Chain implements ChainReader {
  readonly genesis: GenesisParameters;
  readonly executor: Executor;
  readonly bodies: BodyRules;
  /** For a chain with one member only. */
  readonly development: Development;
  readonly #store: KeyValueStore;
  readonly #ledger: Ledger;
  readonly #calls: BlockExecutor;
  readonly #replayer: Replayer;
  readonly #simulator: Simulator;
  readonly #containers: ContainerExecutor;
  readonly #pool: Pool;
  readonly #books: BookKeeper;
  readonly #decoder: TransactionDecoder;
  readonly #keepBlocks: number | undefined;
  readonly #forks: readonly ForkRules[];
  readonly #schedule: () => readonly ScheduledFork[];
  readonly #directory: string | undefined;
  readonly #blockListeners = new Set<(event: BlockEvent) => void>();

  private constructor(
    options: ChainOptions,
    ledger: Ledger,
    evm: BlockExecutor,
    replayer: Replayer,
    simulator: Simulator,
    pool: Pool,
    decoder: TransactionDecoder,
    books: BookKeeper,
  ) {
    this.genesis = options.genesis;
    this.#store = ledger.store;
    this.#ledger = ledger;
    this.#calls = evm;
    this.#replayer = replayer;
    this.#simulator = simulator;
    this.#pool = pool;
    this.#books = books;
    this.#decoder = decoder;
    this.#keepBlocks = options.keepBlocks;
    this.#forks = options.forks ?? KNOWN_FORKS;
    this.#schedule = options.schedule ?? (() => []);
    this.#directory = "directory" in options.storage ? options.storage.directory : undefined;
    const { chainId, gasLimit, byteLimit } = options.genesis;
    this.bodies = new TransactionBodyRules(chainId, decoder);
    this.#containers = new ContainerExecutor({
      chainId,
      ledger,
      blocks: evm,
      decoder,
      limits: { gas: gasLimit, bytes: byteLimit },
      forks: this.#forks,
      seatsOf: options.seatsOf,
      onCommitted: (layer) => this.#announce(layer),
      onFailure: options.onFailure,
    });
    this.executor = this.#containers;
    this.development = new Development({ ledger, containers: this.#containers, pool, books });
  }

  /** Opens or creates the chain. ChainError `store-*`, `genesis-mismatch`, `unknown-fork` or `pool-log`. */
  static async open(options: ChainOptions): Promise<Chain> {
    const { genesis, storage } = options;
    const directory = "directory" in storage ? storage.directory : undefined;
    if (directory !== undefined) await mkdir(directory, { recursive: true });
    const store = "store" in storage ? storage.store : await openState(diskStates(storage.directory));
    try {
      const ledger = await Ledger.open(store, genesis);
      const forks = options.forks ?? KNOWN_FORKS;
      requireFork(forks, ledger.head.header);
      const decoder = new TransactionDecoder(genesis.chainId);
      const evm = await EvmBlockExecutor.create(genesis.chainId);
      const gasless = options.gasless ?? DEFAULT_GASLESS;
      const book = new CreditBook(gasless);
      const users = () => usersOf(ledger, genesis.chainId);
      const books = new BookKeeper({ ledger, settings: gasless, book, users });
      books.recall();
      const pool = await Pool.open(
        poolChain(ledger, genesis, forks),
        decoder,
        directory === undefined ? undefined : join(directory, "pool.log"),
        options.pool ?? DEFAULT_POOL_LIMITS,
        gasless,
        book,
      );
      const replayer = await Replayer.create(genesis.chainId);
      const simulator = await Simulator.create(new RentedRules(genesis.chainId, forks, termsAfter(ledger)));
      return new Chain(options, ledger, evm, replayer, simulator, pool, decoder, books);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get chainId(): bigint {
    return this.genesis.chainId;
  }

  get genesisHash(): Uint8Array {
    return this.block(0)?.hash ?? buildGenesis(this.genesis).block.hash;
  }

  get head(): Block {
    return this.#ledger.head;
  }

  /** Number of the oldest block that is kept whole, genesis aside. */
  get earliest(): number {
    return this.#ledger.earliest;
  }

  get oldestState(): number {
    return this.#ledger.oldestState;
  }

  get blockWindow(): number | undefined {
    return this.#keepBlocks;
  }

  get stateWindow(): number {
    return HISTORY_BLOCKS;
  }

  get nextGasPrice(): bigint {
    return this.#chargeAfter(this.head, this.#ledger.headState).price;
  }

  get pool(): TransactionPool {
    return this.#pool;
  }

  rules(): RuleSchedule {
    return rentedSchedule(this.genesisHash, this.#forks, this.head.header, this.#schedule());
  }

  block(id: BlockId): Block | undefined {
    return this.#record(id)?.block;
  }

  transaction(hash: Uint8Array): IncludedTransaction | undefined {
    const at = this.#ledger.blocks.locate(hash);
    return at === undefined ? undefined : this.transactionAt(at.number, at.index);
  }

  transactionAt(id: BlockId, index: number): IncludedTransaction | undefined {
    const record = this.#record(id);
    return record === undefined ? undefined : includedTransaction(this.chainId, record, index);
  }

  pendingTransaction(hash: Uint8Array): Transaction | undefined {
    return this.#pool.get(hash);
  }

  pendingTransactions(): readonly Transaction[] {
    return this.#pool.all();
  }

  receipt(hash: Uint8Array): IncludedReceipt | undefined {
    const at = this.#ledger.blocks.locate(hash);
    const record = at === undefined ? undefined : this.#record(at.number);
    if (at === undefined || record === undefined) return undefined;
    return includedReceipt(this.chainId, record, this.#ledger.blocks.receipts(at.number), at.index);
  }

  receipts(id: BlockId): readonly IncludedReceipt[] | undefined {
    const record = this.#record(id);
    if (record === undefined) return undefined;
    return includedReceipts(this.chainId, record, this.#ledger.blocks.receipts(record.block.header.number));
  }

  async logs(filter: LogFilter): Promise<readonly LocatedLog[]> {
    this.#requireLogs(filter);
    const found = await searchLogs(this.#ledger.blocks, filter, this.head.header.number);
    // Blocks may have gone while they were searched.
    this.#requireLogs(filter);
    return found;
  }

  logsOfBlock(id: BlockId, filter: Pick<LogFilter, "addresses" | "topics">): readonly LocatedLog[] | undefined {
    const record = this.#record(id);
    if (record === undefined) return undefined;
    return logsIn(record, this.#ledger.blocks.receipts(record.block.header.number), filter);
  }

  balance(address: Uint8Array, id: BlockId = "latest"): bigint {
    return accountIn(this.#stateAt(id).state, address).balance;
  }

  nonce(address: Uint8Array, id: BlockId = "latest"): bigint {
    return accountIn(this.#stateAt(id).state, address).nonce;
  }

  pendingNonce(address: Uint8Array): bigint {
    return this.#pool.pendingNonce(address);
  }

  code(address: Uint8Array, id: BlockId = "latest"): Uint8Array {
    return accountWithCode(this.#stateAt(id).state, address).code;
  }

  storage(address: Uint8Array, slot: Uint8Array, id: BlockId = "latest"): Uint8Array {
    const value = this.#stateAt(id).state.get(storageKey(address, slot)) ?? new Uint8Array(0);
    const out = new Uint8Array(32);
    out.set(value, 32 - value.length);
    return out;
  }

  call(request: CallRequest, id: BlockId = "latest", pretence: Pretence = {}, tracer?: Tracer): Promise<CallResult> {
    const gas = request.gas === undefined || request.gas > CALL_GAS_LIMIT ? CALL_GAS_LIMIT : request.gas;
    return this.#call(request, gas, id, pretence, tracer);
  }

  estimateGas(request: CallRequest, id: BlockId = "latest", pretence: Pretence = {}): Promise<GasEstimate> {
    const { transactionGas } = requireFork(this.#forks, this.head.header);
    const blockGas = BigInt(Math.min(this.genesis.gasLimit, transactionGas ?? Number.POSITIVE_INFINITY));
    const asked = request.gas === undefined || request.gas > blockGas ? blockGas : request.gas;
    const { state, block } = this.#stateAt(id);
    const affordable = affordableGas(request, state, this.#chargeAfter(block, state), pretence.state);
    const cap = affordable === undefined || affordable > asked ? asked : affordable;
    const plain =
      request.to !== undefined && (request.data?.length ?? 0) === 0 && this.code(request.to, id).length === 0;
    return estimateGas((gas) => this.#call(request, gas, id, pretence), cap, plain);
  }

  async replay(id: BlockId, count: number, watch: Watch): Promise<void> {
    const record = this.#record(id);
    if (record === undefined) throw new ChainError("unknown-block", "unknown block");
    const { state } = this.#stateAt(record.block.header.number - 1);
    const transactions = record.senders
      .slice(0, count)
      .flatMap((_, index) => transactionIn(this.chainId, record, index) ?? []);
    // Nobody but the protocol writes it, at the beginning of a block: afterwards it is as the block began with.
    const term = termIn(slotsOf(this.#stateAt(id).state));
    const newTerm = term === undefined || isTermOf(slotsOf(state), term) ? undefined : term;
    await this.#replayer.replay(state, { ...this.#contextOf(record.block), newTerm }, transactions, watch);
  }

  async simulate(
    id: BlockId,
    plans: readonly BlockPlan[],
    options: SimulationOptions,
  ): Promise<readonly SimulatedBlock[]> {
    const { state, block } = this.#stateAt(id);
    const flat = new FlatState(state, (number) => this.#ledger.hash(number));
    return this.#simulator.simulate(block, flat, plans, options);
  }

  submit(raw: Uint8Array): Promise<SubmitResult> {
    return this.#pool.add(raw);
  }

  poolStatus(): PoolStatus {
    return this.#pool.status();
  }

  /** Hashes of so many of the transactions that wait. */
  waiting(count: number): readonly `0x${string}`[] {
    return this.#pool.hashes(count);
  }

  gaslessTerms(): GaslessTerms {
    return this.#pool.terms();
  }

  standing(address: Uint8Array): Standing {
    return this.#pool.standing(address);
  }

  onBlock(listener: (event: BlockEvent) => void): () => void {
    this.#blockListeners.add(listener);
    return () => this.#blockListeners.delete(listener);
  }

  onPendingTransaction(listener: (transaction: Transaction) => void): () => void {
    return this.#pool.onAccepted(listener);
  }

  /** Recomputes the state root from the raw entries of the store. Exact only while nothing is committed. */
  audit(): Promise<StateAudit> {
    return recomputeStateRoot(this.#store);
  }

  /** What certifies the block of the snapshot that this chain began with here; undefined where it began with genesis. */
  get origin(): Uint8Array | undefined {
    return this.#ledger.origin;
  }

  /**
   * Drops some of the oldest blocks, with receipts and indices, that are beyond `keepBlocks`; says whether there are more.
   * Certified blocks may be committed meanwhile. Whatever a crash leaves is a chain with another `earliest`.
   */
  prune(limit: number = PRUNED_AT_ONCE): Promise<boolean> {
    if (this.#keepBlocks === undefined) return Promise.resolve(false);
    return this.#ledger.prune(this.head.header.number - this.#keepBlocks + 1, limit);
  }

  /** The chain as of its newest certified block; it goes on meanwhile. */
  freeze(): FrozenChain {
    return new FrozenChain(this.#store.snapshot());
  }

  /** Contract codes by their hashes, up to so many bytes; ends before one that is not here. */
  codes(hashes: readonly Uint8Array[], limit: number): readonly Uint8Array[] {
    return readCodes(this.#store, hashes, limit);
  }

  checkManifest(bytes: Uint8Array): CheckedManifest {
    return checkManifest(bytes, this.#decoder);
  }

  /** Begins or resumes taking over a snapshot beside this chain's state; it takes its place when the chain is opened next. */
  async importSnapshot(manifest: Manifest): Promise<StateImport> {
    if (this.#directory === undefined) throw new ChainError("snapshot-failed", "a chain in memory takes no snapshot");
    // Checked and certified it is no lie, only of no use here.
    requireFork(this.#forks, manifest.record.block.header);
    const genesis = this.#ledger.blocks.block(0)?.block;
    if (genesis === undefined) throw new ChainError("store-damaged", "block 0 is missing");
    const parameters = parametersDigest(this.genesis);
    return StateImport.open({ folders: diskStates(this.#directory), genesis, parameters, manifest });
  }

  /** Waits for what is under way and closes pool and store. Idempotent. */
  async close(): Promise<void> {
    await this.#containers.stop();
    await this.#pool.close();
    await this.#store.close();
  }

  /** Silence about blocks that are not held would read as: there were no logs. */
  #requireLogs({ fromBlock, toBlock }: LogFilter): void {
    const { earliest } = this.#ledger;
    if (earliest === 0 || fromBlock >= earliest || fromBlock > toBlock) return;
    throw new ChainError("history-pruned", `blocks before ${earliest} are no longer kept here`);
  }

  #announce(layer: Layer): void {
    const { block } = layer.record;
    const uses = usesIn(layer.record, layer.receipts, usersOf(this.#ledger, this.chainId));
    this.#pool.charge(block.header.timestamp, uses);
    this.#books.observed(block, uses.length);
    if (this.#blockListeners.size === 0) return;
    const event = { block, logs: logsIn(layer.record, layer.receipts, {}) };
    for (const listener of this.#blockListeners) listener(event);
  }

  #numberOf(id: BlockId): number | undefined {
    if (typeof id === "number") return id >= 0 && id <= this.head.header.number ? id : undefined;
    if (id instanceof Uint8Array) return this.#ledger.blocks.number(id);
    return id === "earliest" ? this.#ledger.earliest : this.head.header.number;
  }

  #record(id: BlockId): BlockRecord | undefined {
    const number = this.#numberOf(id);
    return number === undefined ? undefined : this.#ledger.blocks.block(number);
  }

  #stateAt(id: BlockId): { readonly state: StateReader; readonly block: Block } {
    const block = this.block(id);
    if (block === undefined) throw new ChainError("unknown-block", "unknown block");
    const state = this.#ledger.state(block.header.number);
    if (state === undefined) {
      throw new ChainError("state-pruned", `state of block ${block.header.number} is not available`);
    }
    return { state, block };
  }

  #contextOf({ header }: Block): BlockContext {
    return {
      fork: requireFork(this.#forks, header),
      number: header.number,
      timestamp: header.timestamp,
      gasLimit: header.gasLimit,
      prevRandao: header.mixHash,
      parentHash: header.parentHash,
      parentBeaconBlockRoot: header.parentBeaconBlockRoot,
      coinbase: header.beneficiary,
      baseFee: header.baseFeePerGas,
      tips: paysTips(header),
      blockHash: (number) => this.#ledger.hash(number),
    };
  }

  #call(request: CallRequest, gas: bigint, id: BlockId, pretence: Pretence, tracer?: Tracer): Promise<CallResult> {
    const { state, block } = this.#stateAt(id);
    const context = { ...this.#contextOf(block), ...pretence.block, parent: block.header };
    return this.#calls.call(state, context, { ...request, gas }, pretence.state, tracer);
  }

  /** What the block after one charges, by the state after that one. */
  #chargeAfter({ header }: Block, state: StateReader): Charge {
    return chargeAfter(feeTermsIn(slotsOf(state)), header);
  }
}
