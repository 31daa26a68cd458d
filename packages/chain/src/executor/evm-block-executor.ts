import { EVMError } from "@ethereumjs/evm";
import { Account, Address } from "@ethereumjs/util";
import { toHex } from "@tributary/protocol/bytes/hex";
import { BloomBits } from "../block/bloom.ts";
import type { Log, Receipt } from "../block/receipt.ts";
import { ChainError } from "../chain-error.ts";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "../genesis/predeploys.ts";
import type { Change } from "../state/bucket-set.ts";
import type { StateReader } from "../state/state-view.ts";
import { intrinsicGas } from "../transaction/intrinsic-gas.ts";
import { createAddress } from "../transaction/recover.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { BlockContext, BlockExecutor, BlockRun, TransactionOutcome } from "./block-executor.ts";
import type { CallRequest, CallResult, StateOverride } from "./call.ts";
import { createEvmInstance, type EvmInstance } from "./evm-instance.ts";
import { haltMessage } from "./halt-message.ts";
import { type EvmBlock, evmBlock, type Message, type MessageResult, overrideAccount, runMessage } from "./message.ts";
import { checkGas, checkSender, insufficientFunds, nonceTooLow } from "./validate.ts";

/** Caller of the system contracts: EIP-2935 and EIP-4788. */
const SYSTEM_ADDRESS: Address = new Address(Uint8Array.from({ length: 20 }, (_, i) => (i === 19 ? 0xfe : 0xff)));
const SYSTEM_GAS = 30_000_000n;
/** Calls that run side by side; each takes about 2 MB. */
const CALL_LANES = 4;
/** Calls that wait for a lane. */
const WAITING_CALLS = 1_000;

function logsOf({ result }: MessageResult): Log[] {
  return (result.execResult.logs ?? []).map(([address, topics, data]) => ({ address, topics, data }));
}

/**
 * What the library throws for a message that breaks it is a function of the message, so every member sees the same:
 * the message halts and takes its gas. Failures of this member's own store are not, and pass through.
 */
async function runGuarded(
  instance: EvmInstance,
  block: EvmBlock,
  chainId: bigint,
  message: Message,
  gas: { readonly intrinsic: bigint; readonly floor: bigint },
): Promise<MessageResult> {
  try {
    return await runMessage(instance, block, chainId, message, gas);
  } catch (error) {
    if (error instanceof ChainError) throw error;
    instance.state.abandonTransaction();
    instance.evm.transientStorage.clear();
    instance.evm.journal.cleanJournal();
    const sender = instance.state.account(message.sender) ?? new Account();
    sender.nonce += 1n;
    instance.state.setAccount(message.sender, sender);
    const halted = { executionGasUsed: message.gasLimit, returnValue: new Uint8Array(0) };
    const exceptionError = new EVMError(EVMError.errorMessages.INTERNAL_ERROR);
    return { result: { execResult: { ...halted, exceptionError } }, gasUsed: message.gasLimit };
  }
}

class EvmBlockRun implements BlockRun {
  readonly #instance: EvmInstance;
  readonly #block: EvmBlock;
  readonly #chainId: bigint;
  readonly #bits = new BloomBits();
  #gasUsed = 0;

  constructor(instance: EvmInstance, block: EvmBlock, chainId: bigint) {
    this.#instance = instance;
    this.#block = block;
    this.#chainId = chainId;
  }

  nonce(address: Uint8Array): bigint {
    return this.#instance.state.account(address)?.nonce ?? 0n;
  }

  async execute(transaction: Transaction): Promise<TransactionOutcome> {
    const { state } = this.#instance;
    const { sender, nonce } = transaction;
    const account = state.account(sender);
    const next = account?.nonce ?? 0n;
    if (nonce < next) return { kind: "invalid", rejection: nonceTooLow(next, nonce) };
    if (nonce > next) return { kind: "ahead" };
    const gas = intrinsicGas(transaction);
    const balance = account?.balance ?? 0n;
    const rejection =
      checkGas(transaction, gas) ??
      checkSender(sender, state.code(sender)) ??
      (balance < transaction.value ? insufficientFunds(balance, transaction.value) : undefined);
    if (rejection !== undefined) return { kind: "invalid", rejection };
    const outcome = await runGuarded(this.#instance, this.#block, this.#chainId, transaction, gas);
    return { kind: "executed", receipt: this.#receipt(transaction, outcome) };
  }

  finish(): readonly Change[] {
    return this.#instance.state.changes();
  }

  #receipt(transaction: Transaction, outcome: MessageResult): Receipt {
    const gasUsed = Number(outcome.gasUsed);
    this.#gasUsed += gasUsed;
    const logs = logsOf(outcome);
    const { type, to, sender, nonce } = transaction;
    return {
      type,
      status: outcome.result.execResult.exceptionError === undefined ? 1 : 0,
      cumulativeGasUsed: this.#gasUsed,
      logsBloom: this.#bits.of(logs),
      logs,
      gasUsed,
      contractAddress: to === undefined ? createAddress(sender, nonce) : undefined,
    };
  }
}

/** Prague's rules by the EVM of EthereumJS over flat state. */
export class EvmBlockExecutor implements BlockExecutor {
  readonly #chainId: bigint;
  readonly #blocks: EvmInstance;
  readonly #idle: EvmInstance[] = [];
  #lanes = 0;
  readonly #waiting: ((lane: EvmInstance) => void)[] = [];

  private constructor(chainId: bigint, blocks: EvmInstance) {
    this.#chainId = chainId;
    this.#blocks = blocks;
  }

  static async create(chainId: bigint): Promise<EvmBlockExecutor> {
    return new EvmBlockExecutor(chainId, await createEvmInstance(chainId));
  }

  async begin(state: StateReader, context: BlockContext): Promise<BlockRun> {
    const instance = this.#blocks;
    instance.state.reset(state);
    instance.hashes.lookup = context.blockHash;
    const block = evmBlock(context);
    await this.#systemCall(instance, block, BEACON_ROOTS_ADDRESS, context.parentBeaconBlockRoot);
    await this.#systemCall(instance, block, HISTORY_ADDRESS, context.parentHash);
    return new EvmBlockRun(instance, block, this.#chainId);
  }

  async call(
    state: StateReader,
    context: BlockContext,
    request: CallRequest & { readonly gas: bigint },
    overrides: readonly StateOverride[] = [],
  ): Promise<CallResult> {
    const lane = await this.#acquire();
    try {
      lane.state.reset(state);
      lane.hashes.lookup = context.blockHash;
      for (const override of overrides) overrideAccount(lane, override);
      return await this.#call(lane, evmBlock(context), request);
    } finally {
      this.#release(lane);
    }
  }

  async #call(
    lane: EvmInstance,
    block: EvmBlock,
    request: CallRequest & { readonly gas: bigint },
  ): Promise<CallResult> {
    const message: Message = {
      sender: request.from ?? new Uint8Array(20),
      to: request.to,
      value: request.value ?? 0n,
      data: request.data ?? new Uint8Array(0),
      gasLimit: request.gas,
      accessList: request.accessList ?? [],
      authorizations: [],
    };
    const balance = lane.state.account(message.sender)?.balance ?? 0n;
    if (balance < message.value) {
      const why = `insufficient funds for transfer: address ${toHex(message.sender)}`;
      return { kind: "invalid", rejection: { code: "insufficient-funds", message: why } };
    }
    const gas = intrinsicGas(message);
    const rejection = checkGas(message, gas);
    if (rejection !== undefined) return { kind: "invalid", rejection };
    const outcome = await runGuarded(lane, block, this.#chainId, message, gas);
    const { exceptionError, returnValue: data } = outcome.result.execResult;
    const { gasUsed } = outcome;
    if (exceptionError === undefined) return { kind: "success", gasUsed, data, logs: logsOf(outcome) };
    if (exceptionError.error === EVMError.errorMessages.REVERT) return { kind: "revert", gasUsed, data };
    return { kind: "halt", gasUsed, message: haltMessage(exceptionError.error) };
  }

  async #systemCall(instance: EvmInstance, block: EvmBlock, to: Uint8Array, data: Uint8Array): Promise<void> {
    const { evm, state } = instance;
    evm.journal.cleanJournal();
    state.startTransaction();
    await evm.runCall({
      block,
      caller: SYSTEM_ADDRESS,
      to: new Address(to),
      data,
      gasLimit: SYSTEM_GAS,
      skipNonceIncrement: true,
    });
    evm.journal.cleanJournal();
  }

  async #acquire(): Promise<EvmInstance> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#lanes < CALL_LANES) {
      this.#lanes++;
      return createEvmInstance(this.#chainId);
    }
    if (this.#waiting.length >= WAITING_CALLS) throw new ChainError("limit-exceeded", "too many calls are waiting");
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(lane: EvmInstance): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next(lane);
    else this.#idle.push(lane);
  }
}
