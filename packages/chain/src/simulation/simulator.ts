import { setImmediate as turn } from "node:timers/promises";
import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import { CallTracer } from "@tributary/evm/tracers/call-tracer";
import type { Executed, StateReader } from "@tributary/evm/types";
import { BloomBits } from "../block/bloom.ts";
import type { EthereumBlock, EthereumReceipt } from "../block/ethereum.ts";
import type { Log } from "../block/receipt.ts";
import { ChainError } from "../chain-error.ts";
import type { StateOverride } from "../executor/call.ts";
import { logsOf, ZERO_ADDRESS } from "../executor/evm-input.ts";
import { haltMessage } from "../executor/halt-message.ts";
import { movedPrecompiles } from "../executor/moved-precompiles.ts";
import { armRules } from "../rules/arm-rules.ts";
import { createAddress } from "../transaction/recover.ts";
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
import type { OpenBlock, SimulatedFields, SimulatedRun, SimulationRules } from "./simulation-rules.ts";
import { countLogs, logsWithTransfers } from "./transfer-logs.ts";
import { unsignedTransaction } from "./unsigned-transaction.ts";

const NOTHING = new Uint8Array(0);
/** Bytes that calls may return and log together. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Simulations that may be under way: each holds what its calls return. */
const MAX_RUNNING = 4;

type Ran = SimulatedRun & { readonly outcome: SimulatedOutcome };

/** Executes blocks that nobody made upon a state, a few simulations at a time. */
export class Simulator {
  readonly #rules: SimulationRules;
  readonly #evm: Evm;
  #running = 0;

  private constructor(rules: SimulationRules, evm: Evm) {
    this.#rules = rules;
    this.#evm = evm;
  }

  static async create(rules: SimulationRules): Promise<Simulator> {
    return new Simulator(rules, await Evm.create(runPrecompile));
  }

  /**
   * The blocks that the plans make on `base`, of which `state` is the state; between calls the event loop gets its turn,
   * and other simulations may take theirs. Throws SimulationError, what `check` throws, and ChainError `busy`.
   */
  async simulate(
    base: EthereumBlock,
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
    base: EthereumBlock,
    state: StateReader,
    plans: readonly BlockPlan[],
    options: SimulationOptions,
  ): Promise<readonly SimulatedBlock[]> {
    const placed = placeBlocks(base.header, plans);
    const hashes = new Map<number, Uint8Array>();
    const run = new SimulationRun(base, this.#rules, this.#evm, new SimulatedState(state, hashes), options);
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
  readonly #base: EthereumBlock;
  readonly #rules: SimulationRules;
  readonly #evm: Evm;
  readonly #state: SimulatedState;
  readonly #options: SimulationOptions;
  readonly #bits = new BloomBits();
  #gasLeft: bigint;
  #bytesLeft = MAX_OUTPUT_BYTES;

  constructor(
    base: EthereumBlock,
    rules: SimulationRules,
    evm: Evm,
    state: SimulatedState,
    options: SimulationOptions,
  ) {
    this.#base = base;
    this.#rules = rules;
    this.#evm = evm;
    this.#state = state;
    this.#options = options;
    this.#gasLeft = options.gas;
  }

  async block(parent: EthereumBlock, { block, state, calls }: PlacedPlan): Promise<SimulatedBlock> {
    const open = withOverrides(this.#rules.begin(parent, block, this.#options.validation, this.#base), state);
    for (const override of state) this.#state.override(override);
    if (open.env !== undefined) {
      this.#evm.begin(open.env, this.#state);
      open.open(this.#evm);
      this.#state.apply(this.#evm.changes());
    }
    const ran: Ran[] = [];
    let gasUsed = 0;
    for (const call of calls) {
      this.#options.check();
      const one = this.#call(open, call, gasUsed);
      gasUsed = one.receipt.cumulativeGasUsed;
      ran.push(one);
      await turn();
    }
    this.#options.check();
    const transactions = ran.map(({ transaction }) => transaction);
    const outcomes = ran.map(({ outcome }) => outcome);
    return { block: await open.close(this.#evm, this.#state, ran), transactions, outcomes };
  }

  #call(open: OpenBlock, call: SimulatedCall, blockGasUsed: number): Ran {
    if (open.env === undefined) throw new ChainError("state-pruned", "a block from before Cancun takes no calls");
    const fields = this.#complete(open, call, blockGasUsed);
    const { sender, to } = fields;
    const account = this.#state.account(sender) ?? { nonce: 0n, balance: 0n };
    const price = open.price(fields);
    const offer = price.gas === 0n ? 0n : fields.gasLimit * fields.maxFeePerGas;
    checkSimulated(fields, account, open.baseFee, this.#options.validation, offer + price.blobs);
    const transaction = unsignedTransaction(fields);
    // A creation advances the nonce by itself.
    if (to !== undefined) this.#state.advance(sender);
    this.#state.credit(sender, -(fields.gasLimit * price.gas + price.blobs));
    this.#evm.begin(open.env, this.#state);
    const tracer = this.#options.traceTransfers ? new CallTracer({ withLog: true }) : undefined;
    const watching = tracer === undefined ? undefined : this.#options.bounded(tracer);
    const forbidden = armRules(this.#evm, transaction);
    if (forbidden !== undefined) throw new SimulationError("forbidden", `err: ${forbidden.message}`);
    const executed = this.#evm.apply(open.transaction(transaction), watching);
    if (executed.kind === "invalid") throw new SimulationError("intrinsic-gas", `err: ${executed.reason}`);
    this.#state.apply(this.#evm.changes());
    this.#state.credit(sender, (fields.gasLimit - executed.gasUsed) * price.gas);
    this.#state.credit(open.beneficiary, executed.gasUsed * price.tip);
    this.#gasLeft -= executed.gasUsed;
    const logged = logsOf(executed.logs);
    const frame = tracer?.result();
    const logs = frame === undefined ? logged : logsWithTransfers(frame);
    const logCount = frame === undefined ? logged.length : countLogs(frame);
    this.#spend(executed.output, logs);
    const gasUsed = Number(executed.gasUsed);
    const receipt: EthereumReceipt = {
      ...{ type: transaction.type, status: executed.status === "success" ? 1 : 0, gasUsed },
      ...{ cumulativeGasUsed: blockGasUsed + gasUsed, logs: logged, logsBloom: this.#bits.of(logged) },
      contractAddress: to === undefined ? createAddress(sender, account.nonce) : undefined,
    };
    const maxUsedGas = executed.gasUsed + executed.refund;
    return {
      transaction,
      receipt,
      outcome: { result: resultOf(executed, logs), logs, logCount, maxUsedGas, gasPrice: price.gas },
    };
  }

  /** The call with geth's values for what it does not say. */
  #complete(open: OpenBlock, call: SimulatedCall, blockGasUsed: number): SimulatedFields {
    const sender = call.from ?? ZERO_ADDRESS;
    const wanted = call.gas ?? BigInt(Math.max(0, open.gasLimit - blockGasUsed));
    if (BigInt(blockGasUsed) + wanted > BigInt(open.gasLimit)) {
      const sum = BigInt(blockGasUsed) + wanted;
      throw new SimulationError("block-gas-limit", `block gas limit reached: ${sum} > ${open.gasLimit}`);
    }
    return {
      ...{ type: call.type, chainId: this.#rules.chainId, sender, to: call.to },
      nonce: call.nonce ?? this.#state.account(sender)?.nonce ?? 0n,
      gasLimit: wanted < this.#gasLeft ? wanted : this.#gasLeft,
      ...{ maxFeePerGas: call.maxFeePerGas, maxPriorityFeePerGas: call.maxPriorityFeePerGas },
      ...{ value: call.value ?? 0n, data: call.data ?? NOTHING, accessList: call.accessList ?? [] },
      authorizations: call.authorizations ?? [],
      ...(call.blobs === undefined ? {} : { blobs: call.blobs }),
    };
  }

  #spend(output: Uint8Array, logs: readonly Log[]): void {
    this.#bytesLeft -= output.length;
    for (const { topics, data } of logs) this.#bytesLeft -= 64 + 32 * topics.length + data.length;
    if (this.#bytesLeft >= 0) return;
    throw new SimulationError("too-large", `calls return and log more than ${MAX_OUTPUT_BYTES} bytes`);
  }
}

/** The block with precompiles where the overrides put them. */
function withOverrides(open: OpenBlock, overrides: readonly StateOverride[]): OpenBlock {
  if (open.env === undefined) return open;
  return { ...open, env: { ...open.env, precompiles: movedPrecompiles(overrides, open.env.fork) } };
}

function resultOf({ status, gasUsed, output, halt }: Executed, logs: readonly Log[]): SimulatedOutcome["result"] {
  if (status === "success") return { kind: "success", gasUsed, data: output, logs };
  if (status === "revert") return { kind: "revert", gasUsed, data: output };
  return { kind: "halt", gasUsed, message: haltMessage(halt) };
}
