import type {
  AccountProof,
  BlockEvent,
  BlockFees,
  BlockId,
  BuiltBlock,
  CallRequest,
  CallResult,
  ChainReader,
  EthereumBlock,
  EthereumTransaction,
  EthereumView,
  GasEstimate,
  IncludedReceipt,
  IncludedTransaction,
  LocatedLog,
  LogFilter,
  PoolStatus,
  Pretence,
  RuleSchedule,
  SubmitResult,
  Watch,
} from "@tributary/chain";
import { ChainError } from "@tributary/chain";
import { estimateGas } from "@tributary/chain/chain/estimate-gas";
import { bloomMatches, FoundLogs, logsIn, MAX_LOG_BLOCKS } from "@tributary/chain/chain/log-search";
import type { BlockPlan, SimulatedBlock, SimulationOptions } from "@tributary/chain/simulation/simulation";
import { Simulator } from "@tributary/chain/simulation/simulator";
import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { Account } from "@tributary/evm/types";
import { effectiveGasPrice } from "../block/fees.ts";
import { BlockBuilder } from "../building/block-builder.ts";
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";
import { Pool } from "../pool/pool.ts";
import { EthereumRules } from "../simulation/ethereum-rules.ts";
import { Caller } from "./caller.ts";
import { ChainFees } from "./chain-fees.ts";
import { Replayer } from "./replayer.ts";
import { ruleSchedule } from "./rule-schedule.ts";

/** Gas of a call without a limit, and the most that a call gets. */
const CALL_GAS_LIMIT = 50_000_000n;

/** What executes something upon the chain. */
type Parts = {
  readonly caller: Caller;
  readonly replayer: Replayer;
  readonly simulator: Simulator;
  readonly builder: BlockBuilder;
};

/** An imported Ethereum chain as JSON-RPC reads it. No block follows its head. */
export class EthereumChain implements ChainReader {
  readonly ethereum: EthereumView;
  readonly #ledger: Ledger;
  readonly #caller: Caller;
  readonly #replayer: Replayer;
  readonly #simulator: Simulator;
  readonly #pool: Pool;

  private constructor(ledger: Ledger, pool: Pool, parts: Parts) {
    this.#ledger = ledger;
    this.#caller = parts.caller;
    this.#replayer = parts.replayer;
    this.#simulator = parts.simulator;
    this.#pool = pool;
    const fees = new ChainFees(ledger);
    this.ethereum = {
      get nextBaseFee(): bigint {
        return fees.nextBaseFee;
      },
      get nextBlobBaseFee(): bigint {
        return fees.nextBlobBaseFee;
      },
      fees: (block): BlockFees => fees.of(block),
      suggestedTip: 1n,
      build: (request): Promise<BuiltBlock> => parts.builder.build(request),
      proof: (address, slots, block): Promise<AccountProof> => this.#proof(address, slots, block),
    };
  }

  static async open(ledger: Ledger): Promise<EthereumChain> {
    const pool = new Pool(ledger);
    return new EthereumChain(ledger, pool, {
      caller: await Caller.create(ledger),
      replayer: await Replayer.create(ledger),
      simulator: await Simulator.create(new EthereumRules(ledger)),
      builder: await BlockBuilder.create(ledger, pool),
    });
  }

  get chainId(): bigint {
    return this.#ledger.chainId;
  }

  get genesisHash(): Uint8Array {
    return this.#ledger.hashOf(0) ?? new Uint8Array(32);
  }

  rules(): RuleSchedule {
    return ruleSchedule(this.#ledger);
  }

  get head(): EthereumBlock {
    return this.#ledger.head.block;
  }

  get oldestState(): number {
    return 0;
  }

  /** Nothing is dropped. */
  get blockWindow(): undefined {
    return undefined;
  }

  get stateWindow(): number {
    return this.head.header.number;
  }

  block(id: BlockId): EthereumBlock | undefined {
    return this.#entry(id)?.block;
  }

  transaction(hash: Uint8Array): IncludedTransaction | undefined {
    const at = this.#ledger.locate(hash);
    return at === undefined ? undefined : this.transactionAt(at.number, at.index);
  }

  transactionAt(id: BlockId, index: number): IncludedTransaction | undefined {
    const entry = this.#entry(id);
    return entry === undefined ? undefined : included(entry, index);
  }

  pendingTransaction(hash: Uint8Array): EthereumTransaction | undefined {
    return this.#pool.get(hash);
  }

  pendingTransactions(): readonly EthereumTransaction[] {
    return this.#pool.listed();
  }

  receipt(hash: Uint8Array): IncludedReceipt | undefined {
    const at = this.#ledger.locate(hash);
    return at === undefined ? undefined : this.receipts(at.number)?.[at.index];
  }

  receipts(id: BlockId): readonly IncludedReceipt[] | undefined {
    const entry = this.#entry(id);
    if (entry === undefined) return undefined;
    let firstLogIndex = 0;
    return entry.receipts.flatMap((receipt, index) => {
      const place = included(entry, index);
      if (place === undefined) return [];
      const shown = { ...place, receipt, firstLogIndex };
      firstLogIndex += receipt.logs.length;
      return shown;
    });
  }

  async logs(filter: LogFilter): Promise<readonly LocatedLog[]> {
    const to = Math.min(filter.toBlock, this.head.header.number);
    if (to - filter.fromBlock + 1 > MAX_LOG_BLOCKS) {
      throw new ChainError("limit-exceeded", `a query covers at most ${MAX_LOG_BLOCKS} blocks`);
    }
    const found = new FoundLogs();
    for (let number = filter.fromBlock; number <= to; number++) found.add(this.logsOfBlock(number, filter) ?? []);
    return found.logs;
  }

  logsOfBlock(id: BlockId, filter: Pick<LogFilter, "addresses" | "topics">): readonly LocatedLog[] | undefined {
    const entry = this.#entry(id);
    if (entry === undefined) return undefined;
    return bloomMatches(entry.block.header.logsBloom, filter) ? logsIn(entry, entry.receipts, filter) : [];
  }

  balance(address: Uint8Array, id: BlockId = "latest"): bigint {
    return this.#account(address, id)?.balance ?? 0n;
  }

  nonce(address: Uint8Array, id: BlockId = "latest"): bigint {
    return this.#account(address, id)?.nonce ?? 0n;
  }

  pendingNonce(address: Uint8Array): bigint {
    return this.#pool.nextNonce(address);
  }

  code(address: Uint8Array, id: BlockId = "latest"): Uint8Array {
    const account = this.#account(address, id);
    return account === undefined ? new Uint8Array(0) : this.#ledger.stateAt(0).code(account.codeHash);
  }

  storage(address: Uint8Array, slot: Uint8Array, id: BlockId = "latest"): Uint8Array {
    const { number } = this.#require(id).block.header;
    return this.#ledger.stateAt(number).storage(address, slot) ?? new Uint8Array(32);
  }

  async call(
    request: CallRequest,
    id: BlockId = "latest",
    pretence: Pretence = {},
    tracer?: Tracer,
  ): Promise<CallResult> {
    const gas = request.gas === undefined || request.gas > CALL_GAS_LIMIT ? CALL_GAS_LIMIT : request.gas;
    return this.#caller.call({ ...request, gas }, this.#require(id), pretence, tracer);
  }

  async estimateGas(request: CallRequest, id: BlockId = "latest", pretence: Pretence = {}): Promise<GasEstimate> {
    const entry = this.#require(id);
    const cap = request.gas === undefined || request.gas > CALL_GAS_LIMIT ? CALL_GAS_LIMIT : request.gas;
    const isTransfer = request.to !== undefined && (request.data?.length ?? 0) === 0;
    const plain = isTransfer && request.to !== undefined && this.code(request.to, id).length === 0;
    return estimateGas(async (gas) => this.#caller.call({ ...request, gas }, entry, pretence), cap, plain);
  }

  async replay(id: BlockId, count: number, watch: Watch): Promise<void> {
    await this.#replayer.replay(this.#require(id), count, watch);
  }

  async simulate(
    id: BlockId,
    plans: readonly BlockPlan[],
    options: SimulationOptions,
  ): Promise<readonly SimulatedBlock[]> {
    const { block } = this.#require(id);
    return this.#simulator.simulate(block, this.#ledger.stateAt(block.header.number), plans, options);
  }

  async submit(raw: Uint8Array): Promise<SubmitResult> {
    return this.#pool.add(raw);
  }

  poolStatus(): PoolStatus {
    return this.#pool.status();
  }

  /** Ethereum's gas is paid for. */
  gaslessTerms(): undefined {
    return undefined;
  }

  standing(): { readonly history: boolean; readonly debt: number } {
    return { history: false, debt: 0 };
  }

  /** There are no blocks after the head to tell of. */
  onBlock(_listener: (event: BlockEvent) => void): () => void {
    return () => undefined;
  }

  onPendingTransaction(listener: (transaction: EthereumTransaction) => void): () => void {
    return this.#pool.onAccepted(listener);
  }

  #entry(id: BlockId): LedgerEntry | undefined {
    if (typeof id === "number") return this.#ledger.entry(id);
    if (id === "earliest") return this.#ledger.entry(0);
    if (!(id instanceof Uint8Array)) return this.#ledger.head;
    const number = this.#ledger.numberOf(id);
    return number === undefined ? undefined : this.#ledger.entry(number);
  }

  #require(id: BlockId): LedgerEntry {
    const entry = this.#entry(id);
    if (entry === undefined) throw new ChainError("unknown-block", "unknown block");
    return entry;
  }

  #account(address: Uint8Array, id: BlockId): Account | undefined {
    return this.#ledger.stateAt(this.#require(id).block.header.number).account(address);
  }

  async #proof(address: Uint8Array, slots: readonly Uint8Array[], block: number): Promise<AccountProof> {
    const { stateRoot } = this.#require(block).block.header;
    const proof = await this.#ledger.trie.proof(stateRoot, address, slots);
    const bytes = (hex: string): Uint8Array => Buffer.from(hex.slice(2), "hex");
    return {
      ...{ nonce: BigInt(proof.nonce), balance: BigInt(proof.balance), codeHash: bytes(proof.codeHash) },
      ...{ storageHash: bytes(proof.storageHash), nodes: proof.accountProof.map(bytes) },
      // An account that does not exist has no trie to look into.
      slots: slots.map((_, index) => ({
        value: BigInt(proof.storageProof[index]?.value ?? 0),
        nodes: proof.storageProof[index]?.proof.map(bytes) ?? [],
      })),
    };
  }
}

function included({ block, transactions }: LedgerEntry, transactionIndex: number): IncludedTransaction | undefined {
  const transaction = transactions[transactionIndex];
  if (transaction === undefined) return undefined;
  const { number, timestamp, baseFeePerGas } = block.header;
  const gasPrice = effectiveGasPrice(transaction, baseFeePerGas);
  return { blockNumber: number, blockHash: block.hash, timestamp, transactionIndex, transaction, gasPrice };
}
