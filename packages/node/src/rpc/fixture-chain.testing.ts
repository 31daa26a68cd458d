// For tests: a chain of real blocks, transactions and receipts whose transactions do nothing but what a test says.

import type {
  Block,
  BlockEvent,
  BlockId,
  CallRequest,
  CallResult,
  ChainReader,
  GasEstimate,
  IncludedReceipt,
  IncludedTransaction,
  LocatedLog,
  Log,
  LogFilter,
  Receipt,
  RuleSchedule,
  SubmitResult,
  Transaction,
} from "@tributary/chain";
import { ChainError } from "@tributary/chain";
import { BloomBits } from "@tributary/chain/block/bloom";
import { buildBlock } from "@tributary/chain/block/build-block";
import { FoundLogs } from "@tributary/chain/chain/log-search";
import { rentedSchedule } from "@tributary/chain/chain/rented-schedule";
import { KNOWN_FORKS } from "@tributary/chain/forks/fork";
import { buildGenesis } from "@tributary/chain/genesis/genesis";
import { TransactionDecoder } from "@tributary/chain/transaction/decoder";
import { equal } from "@tributary/protocol/bytes/index";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import type { ChainBackend, EvidenceReport, FinalityProof, StatusReport } from "./backend.ts";
import { matches } from "./log-filter.ts";

type Entry = { readonly block: Block; readonly receipts: readonly IncludedReceipt[] };

export class FixtureChain implements ChainReader {
  readonly chainId: bigint;
  readonly genesis: GenesisParameters;
  /** What eth_call and eth_estimateGas end with. */
  outcome: (request: CallRequest) => Promise<CallResult> = async () => ({
    kind: "success",
    gasUsed: 21_000n,
    data: new Uint8Array(0),
    logs: [],
  });
  /** Logs that executing a transaction leaves. */
  logsOf: (transaction: Transaction) => readonly Log[] = () => [];
  /** State below is said to be pruned, blocks below to be gone. */
  oldestState = 0;
  oldestBlock = 0;
  readonly stateWindow = 64;
  blockWindow: number | undefined;
  readonly #entries: Entry[];
  readonly #pool = new Map<string, Transaction>();
  readonly #decoder: TransactionDecoder;
  readonly #blockListeners = new Set<(event: BlockEvent) => void>();
  readonly #pendingListeners = new Set<(transaction: Transaction) => void>();

  constructor(chainId: bigint) {
    this.chainId = chainId;
    this.genesis = {
      ...{ chainId, name: "fixture", owner: `0x${"01".repeat(20)}`, timestamp: 1_700_000_000 },
      ...{ gasLimit: 30_000_000, byteLimit: 1_000_000, allocation: [] },
    };
    this.#decoder = new TransactionDecoder(chainId);
    this.#entries = [{ block: buildGenesis(this.genesis).block, receipts: [] }];
  }

  get genesisHash(): Uint8Array {
    return buildGenesis(this.genesis).block.hash;
  }

  get head(): Block {
    const last = this.#entries.at(-1);
    if (last === undefined) throw new Error("a chain has a genesis block");
    return last.block;
  }

  rules(): RuleSchedule {
    return rentedSchedule(this.genesisHash, KNOWN_FORKS, this.head.header, []);
  }

  /** How many listeners are attached: none may be left behind. */
  get listeners(): number {
    return this.#blockListeners.size + this.#pendingListeners.size;
  }

  /** Puts everything that waits into the next block. */
  mine(): Block {
    const parent = this.head;
    const transactions = [...this.#pool.values()];
    this.#pool.clear();
    const receipts: Receipt[] = transactions.map((transaction, index) => {
      const logs = this.logsOf(transaction);
      return {
        ...{ type: transaction.type, status: 1, cumulativeGasUsed: 21_000 * (index + 1), gasUsed: 21_000 },
        ...{ logs, logsBloom: new BloomBits().of(logs), contractAddress: undefined },
      };
    });
    const number = parent.header.number + 1;
    const block = buildBlock({
      ...{ parentHash: parent.hash, number, height: number, rules: 1, time: (1_700_000_000 + number) * 1_000 },
      ...{ gasLimit: 30_000_000, mixHash: parent.hash, parentBeaconBlockRoot: parent.hash },
      ...{ stateRoot: parent.header.stateRoot, receipts },
      transactions: transactions.map(({ raw }) => raw),
      transactionHashes: transactions.map(({ hash }) => hash),
    });
    let firstLogIndex = 0;
    const included = receipts.map((receipt, transactionIndex): IncludedReceipt => {
      const transaction = transactions[transactionIndex];
      if (transaction === undefined) throw new Error("one receipt a transaction");
      const first = firstLogIndex;
      firstLogIndex += receipt.logs.length;
      const { timestamp } = block.header;
      const at = { blockNumber: number, blockHash: block.hash, timestamp, transactionIndex };
      return { ...at, transaction, receipt, firstLogIndex: first };
    });
    this.#entries.push({ block, receipts: included });
    const logs = this.logsOfBlock(number, {}) ?? [];
    for (const listener of this.#blockListeners) listener({ block, logs });
    return block;
  }

  block(id: BlockId): Block | undefined {
    return this.#entry(id)?.block;
  }

  transaction(hash: Uint8Array): IncludedTransaction | undefined {
    return this.receipt(hash);
  }

  transactionAt(id: BlockId, index: number): IncludedTransaction | undefined {
    return this.#entry(id)?.receipts[index];
  }

  pendingTransaction(hash: Uint8Array): Transaction | undefined {
    return this.pendingTransactions().find((transaction) => equal(transaction.hash, hash));
  }

  pendingTransactions(): readonly Transaction[] {
    return [...this.#pool.values()];
  }

  receipt(hash: Uint8Array): IncludedReceipt | undefined {
    for (const { receipts } of this.#entries) {
      const found = receipts.find(({ transaction }) => equal(transaction.hash, hash));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  receipts(id: BlockId): readonly IncludedReceipt[] | undefined {
    return this.#entry(id)?.receipts;
  }

  async logs(filter: LogFilter): Promise<readonly LocatedLog[]> {
    const found = new FoundLogs();
    for (let number = filter.fromBlock; number <= filter.toBlock; number++) {
      found.add(this.logsOfBlock(number, filter) ?? []);
    }
    return found.logs;
  }

  logsOfBlock(id: BlockId, filter: Pick<LogFilter, "addresses" | "topics">): readonly LocatedLog[] | undefined {
    const match = { addresses: filter.addresses ?? [], topics: filter.topics ?? [] };
    return this.#entry(id)?.receipts.flatMap(({ receipt, transaction, firstLogIndex, ...at }) =>
      receipt.logs
        .map((log, index) => ({
          ...{ log, transactionHash: transaction.hash, logIndex: firstLogIndex + index },
          ...{ blockNumber: at.blockNumber, blockHash: at.blockHash, timestamp: at.timestamp },
          transactionIndex: at.transactionIndex,
        }))
        .filter(({ log }) => matches(log, match)),
    );
  }

  balance(_address: Uint8Array, id?: BlockId): bigint {
    this.#requireState(id);
    return 10n ** 18n;
  }

  nonce(address: Uint8Array, id?: BlockId): bigint {
    this.#requireState(id);
    const last = typeof id === "number" ? id : this.head.header.number;
    const sent = this.#entries
      .slice(0, last + 1)
      .flatMap(({ receipts }) => receipts.filter(({ transaction }) => equal(transaction.sender, address)));
    return BigInt(sent.length);
  }

  pendingNonce(address: Uint8Array): bigint {
    const waiting = this.pendingTransactions().filter(({ sender }) => equal(sender, address));
    return this.nonce(address) + BigInt(waiting.length);
  }

  code(_address: Uint8Array, id?: BlockId): Uint8Array {
    this.#requireState(id);
    return new Uint8Array(0);
  }

  storage(_address: Uint8Array, slot: Uint8Array, id?: BlockId): Uint8Array {
    this.#requireState(id);
    return slot;
  }

  call(request: CallRequest, id?: BlockId): Promise<CallResult> {
    this.#requireState(id);
    return this.outcome(request);
  }

  async estimateGas(request: CallRequest, id?: BlockId): Promise<GasEstimate> {
    const result = await this.call(request, id);
    return result.kind === "success" ? { kind: "success", gas: result.gasUsed } : result;
  }

  /** Its transactions do nothing: there is nothing to watch. */
  async replay(): Promise<void> {
    throw new ChainError("state-pruned", "a fixture chain executes nothing");
  }

  async simulate(): Promise<never> {
    throw new ChainError("state-pruned", "a fixture chain executes nothing");
  }

  async submit(raw: Uint8Array): Promise<SubmitResult> {
    const decoded = this.#decoder.decode(raw);
    if (!decoded.ok) return { kind: "rejected", rejection: decoded.rejection };
    const { transaction } = decoded;
    const key = Buffer.from(transaction.hash).toString("hex");
    if (this.#pool.has(key)) {
      return { kind: "rejected", rejection: { code: "already-known", message: "already known" } };
    }
    const next = this.nonce(transaction.sender);
    if (transaction.nonce < next) {
      const message = `nonce too low: next nonce ${next}, tx nonce ${transaction.nonce}`;
      return { kind: "rejected", rejection: { code: "nonce-too-low", message } };
    }
    this.#pool.set(key, transaction);
    for (const listener of this.#pendingListeners) listener(transaction);
    return { kind: "accepted", hash: transaction.hash };
  }

  poolStatus(): { readonly pending: number; readonly queued: number; readonly bytes: number } {
    return { pending: this.#pool.size, queued: 0, bytes: 0 };
  }

  gaslessTerms(): { readonly hashesPerGas: number; readonly proofSeconds: number; readonly room: boolean } {
    return { hashesPerGas: 1, proofSeconds: 120, room: true };
  }

  standing(): { readonly history: boolean; readonly debt: number } {
    return { history: false, debt: 0 };
  }

  onBlock(listener: (event: BlockEvent) => void): () => void {
    this.#blockListeners.add(listener);
    return () => this.#blockListeners.delete(listener);
  }

  onPendingTransaction(listener: (transaction: Transaction) => void): () => void {
    this.#pendingListeners.add(listener);
    return () => this.#pendingListeners.delete(listener);
  }

  #entry(id: BlockId): Entry | undefined {
    if (id instanceof Uint8Array) return this.#entries.find(({ block }) => equal(block.hash, id));
    if (id === "earliest") return this.#entries[this.oldestBlock];
    if (typeof id !== "number") return this.#entries.at(-1);
    return id < this.oldestBlock ? undefined : this.#entries[id];
  }

  #requireState(id: BlockId | undefined): void {
    if (typeof id === "number" && id < this.oldestState) throw new ChainError("state-pruned", `block ${id} is too old`);
  }
}

/** The chain as a server serves it, with a member that says what the test wants. */
export function fixtureBackend(chain: ChainReader, status: Partial<StatusReport> = {}, slots = 128): ChainBackend {
  return {
    chain,
    slots,
    member: {
      status: () => {
        const height = chain.head.header.number;
        return { status: "running", height, highestHeight: height, membersUp: 4, quorum: 3, since: 1, ...status };
      },
      stateProof: async () => ({ kind: "uncertified" }) as const,
      finality: async (): Promise<FinalityProof | undefined> => undefined,
      evidence: async (): Promise<EvidenceReport> => ({ kept: [] }),
      handover: () => undefined,
    },
  };
}
