import { setImmediate as turn } from "node:timers/promises";
import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import { CallTracer } from "@tributary/evm/tracers/call-tracer";
import type { Executed, StateReader } from "@tributary/evm/types";
import type { Block, BlockHeader } from "../block/block.ts";
import { BloomBits } from "../block/bloom.ts";
import { buildBlock } from "../block/build-block.ts";
import { encodeBlock } from "../block/encode-block.ts";
import { headerHash } from "../block/header-codec.ts";
import type { Log, Receipt } from "../block/receipt.ts";
import { ChainError } from "../chain-error.ts";
import type { BlockContext } from "../executor/block-executor.ts";
import { blockEnv, evmTransaction, logsOf, runSystemCalls, ZERO_ADDRESS } from "../executor/evm-input.ts";
import { haltMessage } from "../executor/halt-message.ts";
import { createAddress } from "../transaction/recover.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { checkSimulated } from "./check-call.ts";
import { type PlacedPlan, placeBlocks } from "./plan-chain.ts";
import { SimulatedState } from "./simulated-state.ts";
import {
  type BlockPlan,
  type SimulatedBlock,
  type SimulatedCall,
  type SimulatedOutcome,
  SimulationError,
  type SimulationOptions,
} from "./simulation.ts";
import { logsWithTransfers } from "./transfer-logs.ts";
import { unsignedTransaction } from "./unsigned-transaction.ts";

const NOTHING = new Uint8Array(0);
const ZERO_HASH = new Uint8Array(32);
/** Bytes that calls may return and log together. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Simulations that may be under way: each holds what its calls return. */
const MAX_RUNNING = 4;

type Ran = { readonly transaction: Transaction; readonly outcome: SimulatedOutcome; readonly receipt: Receipt };

/** Executes blocks that nobody made upon a state, a few simulations at a time. */
export class Simulator {
  readonly #chainId: bigint;
  readonly #evm: Evm;
  #running = 0;

  private constructor(chainId: bigint, evm: Evm) {
    this.#chainId = chainId;
    this.#evm = evm;
  }

  static async create(chainId: bigint): Promise<Simulator> {
    return new Simulator(chainId, await Evm.create(runPrecompile));
  }

  /**
   * The blocks that the plans make on `base`, of which `state` is the state; between calls the event loop gets its turn,
   * and other simulations may take theirs. Throws SimulationError, what `check` throws, and ChainError `busy`.
   */
  async simulate(
    base: Block,
    state: StateReader,
    plans: readonly BlockPlan[],
    options: SimulationOptions,
  ): Promise<readonly SimulatedBlock[]> {
    if (this.#running >= MAX_RUNNING) throw new ChainError("busy", "too many simulations run here");
    this.#running++;
    try {
      return await this.#simulate(base, state, plans, options);
    } finally {
      this.#running--;
    }
  }

  async #simulate(
    base: Block,
    state: StateReader,
    plans: readonly BlockPlan[],
    options: SimulationOptions,
  ): Promise<readonly SimulatedBlock[]> {
    const placed = placeBlocks(base.header, plans);
    const hashes = new Map<number, Uint8Array>();
    const run = new SimulationRun(this.#chainId, this.#evm, new SimulatedState(state, hashes), options);
    const blocks: SimulatedBlock[] = [];
    let parent = base;
    for (const plan of placed) {
      const made = await run.block(parent, plan);
      blocks.push(made);
      parent = made.block;
      hashes.set(parent.header.number, parent.hash);
    }
    return blocks;
  }
}

class SimulationRun {
  readonly #chainId: bigint;
  readonly #evm: Evm;
  readonly #state: SimulatedState;
  readonly #options: SimulationOptions;
  readonly #bits = new BloomBits();
  #gasLeft: bigint;
  #bytesLeft = MAX_OUTPUT_BYTES;

  constructor(chainId: bigint, evm: Evm, state: SimulatedState, options: SimulationOptions) {
    this.#chainId = chainId;
    this.#evm = evm;
    this.#state = state;
    this.#options = options;
    this.#gasLeft = options.gas;
  }

  async block(parent: Block, { block, state, calls }: PlacedPlan): Promise<SimulatedBlock> {
    const context: BlockContext = {
      ...{ gasLimit: parent.header.gasLimit, coinbase: parent.header.beneficiary },
      ...{ prevRandao: ZERO_HASH, parentBeaconBlockRoot: ZERO_HASH },
      ...block,
      parentHash: parent.hash,
      blockHash: (number) => this.#state.blockHash(BigInt(number)),
    };
    for (const override of state) this.#state.override(override);
    this.#evm.begin(blockEnv(context, this.#chainId), this.#state);
    runSystemCalls(this.#evm, context);
    this.#state.apply(this.#evm.changes());
    const ran: Ran[] = [];
    let gasUsed = 0;
    for (const call of calls) {
      this.#options.check();
      const one = this.#call(context, call, gasUsed);
      gasUsed = one.receipt.cumulativeGasUsed;
      ran.push(one);
      await turn();
    }
    this.#options.check();
    const transactions = ran.map(({ transaction }) => transaction);
    const outcomes = ran.map(({ outcome }) => outcome);
    return { block: buildSimulated(context, ran), transactions, outcomes };
  }

  #call(context: BlockContext, call: SimulatedCall, blockGasUsed: number): Ran {
    const fields = this.#complete(context, call, blockGasUsed);
    const { sender, to } = fields;
    const account = this.#state.account(sender) ?? { nonce: 0n, balance: 0n };
    checkSimulated(fields, account, context.baseFee ?? 0n, this.#options.validation);
    const transaction = unsignedTransaction(fields);
    // A creation advances the nonce by itself.
    if (to !== undefined) this.#state.advance(sender);
    this.#evm.begin(blockEnv(context, this.#chainId), this.#state);
    const tracer = this.#options.traceTransfers ? new CallTracer({ withLog: true }) : undefined;
    const watching = tracer === undefined ? undefined : this.#options.bounded(tracer);
    const executed = this.#evm.apply(evmTransaction(transaction), watching);
    if (executed.kind === "invalid") throw new SimulationError("intrinsic-gas", `err: ${executed.reason}`);
    this.#state.apply(this.#evm.changes());
    this.#gasLeft -= executed.gasUsed;
    const logged = logsOf(executed.logs);
    const logs = tracer === undefined ? logged : logsWithTransfers(tracer.result());
    this.#spend(executed.output, logs);
    const gasUsed = Number(executed.gasUsed);
    const receipt: Receipt = {
      ...{ type: transaction.type, status: executed.status === "success" ? 1 : 0, gasUsed },
      ...{ cumulativeGasUsed: blockGasUsed + gasUsed, logs: logged, logsBloom: this.#bits.of(logged) },
      contractAddress: to === undefined ? createAddress(sender, account.nonce) : undefined,
    };
    const maxUsedGas = executed.gasUsed + executed.refund;
    return { transaction, receipt, outcome: { result: resultOf(executed, logs), logs, maxUsedGas } };
  }

  /** The call with geth's values for what it does not say. */
  #complete(
    context: BlockContext,
    call: SimulatedCall,
    blockGasUsed: number,
  ): Parameters<typeof unsignedTransaction>[0] {
    const sender = call.from ?? ZERO_ADDRESS;
    const wanted = call.gas ?? BigInt(Math.max(0, context.gasLimit - blockGasUsed));
    if (BigInt(blockGasUsed) + wanted > BigInt(context.gasLimit)) {
      const sum = BigInt(blockGasUsed) + wanted;
      throw new SimulationError("block-gas-limit", `block gas limit reached: ${sum} > ${context.gasLimit}`);
    }
    return {
      ...{ type: call.type, chainId: this.#chainId, sender, to: call.to },
      nonce: call.nonce ?? this.#state.account(sender)?.nonce ?? 0n,
      gasLimit: wanted < this.#gasLeft ? wanted : this.#gasLeft,
      ...{ maxFeePerGas: call.maxFeePerGas, maxPriorityFeePerGas: call.maxPriorityFeePerGas },
      ...{ value: call.value ?? 0n, data: call.data ?? NOTHING, accessList: call.accessList ?? [] },
      authorizations: call.authorizations ?? [],
    };
  }

  #spend(output: Uint8Array, logs: readonly Log[]): void {
    this.#bytesLeft -= output.length;
    for (const { topics, data } of logs) this.#bytesLeft -= 64 + 32 * topics.length + data.length;
    if (this.#bytesLeft >= 0) return;
    throw new SimulationError("too-large", `calls return and log more than ${MAX_OUTPUT_BYTES} bytes`);
  }
}

function resultOf({ status, gasUsed, output, halt }: Executed, logs: readonly Log[]): SimulatedOutcome["result"] {
  if (status === "success") return { kind: "success", gasUsed, data: output, logs };
  if (status === "revert") return { kind: "revert", gasUsed, data: output };
  return { kind: "halt", gasUsed, message: haltMessage(halt) };
}

function buildSimulated(context: BlockContext, ran: readonly Ran[]): Block {
  const { number, timestamp, gasLimit, prevRandao, parentHash, parentBeaconBlockRoot } = context;
  const transactions = ran.map(({ transaction }) => transaction.raw);
  const block = buildBlock({
    ...{ number, height: number, time: timestamp * 1_000, gasLimit, mixHash: prevRandao, parentHash },
    ...{ parentBeaconBlockRoot, stateRoot: ZERO_HASH, transactions },
    transactionHashes: ran.map(({ transaction }) => transaction.hash),
    receipts: ran.map(({ receipt }) => receipt),
  });
  const header: BlockHeader = {
    ...block.header,
    ...{ extraData: NOTHING, beneficiary: context.coinbase ?? ZERO_ADDRESS, baseFeePerGas: context.baseFee ?? 0n },
  };
  return { ...block, header, hash: headerHash(header), size: encodeBlock({ header, transactions }).length };
}
