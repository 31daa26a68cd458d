import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { Executed } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/hex";
import { BloomBits } from "../block/bloom.ts";
import type { Receipt } from "../block/receipt.ts";
import { armRules } from "../rules/arm-rules.ts";
import {
  type Charge,
  type ContractSlots,
  chargeAfter,
  feeTermsIn,
  type Payment,
  paymentOf,
} from "../rules/fee-storage.ts";
import { EMPTY_CODE_HASH } from "../state/account.ts";
import type { Change } from "../state/bucket-set.ts";
import type { StateReader } from "../state/state-view.ts";
import { intrinsicGas } from "../transaction/intrinsic-gas.ts";
import { createAddress } from "../transaction/recover.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { BlockContext, BlockExecutor, BlockRun, CallContext, TransactionOutcome } from "./block-executor.ts";
import type { CallRequest, CallResult, StateOverride } from "./call.ts";
import { blockEnv, evmTransaction, logsOf, runSystemCalls, ZERO_ADDRESS } from "./evm-input.ts";
import { FlatState, flatChanges } from "./flat-state.ts";
import { haltMessage } from "./halt-message.ts";
import { movedPrecompiles } from "./moved-precompiles.ts";
import { OverriddenState } from "./overridden-state.ts";
import { checkGas, checkSender, feeTooLow, insufficientFunds, nonceTooLow } from "./validate.ts";

const NOTHING = new Uint8Array(0);

class EvmBlockRun implements BlockRun {
  readonly #evm: Evm;
  readonly #state: StateReader;
  readonly #flat: FlatState;
  readonly #bits = new BloomBits();
  readonly #charge: Pick<Charge, "price" | "tips">;
  #gasUsed = 0;

  constructor(evm: Evm, state: StateReader, flat: FlatState, charge: Pick<Charge, "price" | "tips">) {
    this.#evm = evm;
    this.#charge = charge;
    this.#state = state;
    this.#flat = flat;
  }

  nonce(address: Uint8Array): bigint {
    return this.#evm.account(address).nonce;
  }

  execute(transaction: Transaction): Promise<TransactionOutcome> {
    return Promise.resolve(this.#execute(transaction));
  }

  finish(): readonly Change[] {
    return flatChanges(this.#state, this.#evm.changes());
  }

  #execute(transaction: Transaction): TransactionOutcome {
    const { nonce, sender } = transaction;
    const next = this.nonce(sender);
    if (nonce > next) return { kind: "ahead" };
    const forbidden = armRules(this.#evm, transaction);
    if (forbidden !== undefined) {
      return { kind: "invalid", rejection: nonce < next ? nonceTooLow(next, nonce) : forbidden };
    }
    const payment = paymentOf(this.#charge, transaction, (...at) => this.#evm.storage(...at));
    if (payment === undefined) {
      if (nonce < next) return { kind: "invalid", rejection: nonceTooLow(next, nonce) };
      if (this.#charge.tips) return { kind: "priced-out" };
      return { kind: "invalid", rejection: feeTooLow(transaction, this.#charge.price) };
    }
    const { price, reserve } = payment;
    if (reserve > price && this.#evm.account(sender).balance < transaction.value + transaction.gasLimit * reserve) {
      return { kind: "invalid", rejection: this.#rejection(transaction, reserve, "insufficient funds") };
    }
    const outcome = this.#evm.execute(evmTransaction(transaction, price));
    if (outcome.kind === "invalid") {
      return { kind: "invalid", rejection: this.#rejection(transaction, price, outcome.reason) };
    }
    return { kind: "executed", receipt: this.#receipt(transaction, outcome) };
  }

  /** The EVM's refusal in the words of clients. */
  #rejection(transaction: Transaction, price: bigint, reason: string): Rejection {
    const { sender, nonce, value, gasLimit } = transaction;
    const cost = value + gasLimit * price;
    const account = this.#evm.account(sender);
    if (nonce < account.nonce) return nonceTooLow(account.nonce, nonce);
    const hasCode = Buffer.compare(account.codeHash, EMPTY_CODE_HASH) !== 0;
    return (
      checkGas(transaction, intrinsicGas(transaction)) ??
      (hasCode ? checkSender(sender, this.#flat.code(account.codeHash)) : undefined) ??
      (account.balance < cost ? insufficientFunds(account.balance, cost) : undefined) ?? {
        code: "malformed",
        message: reason,
      }
    );
  }

  #receipt(transaction: Transaction, outcome: Executed): Receipt {
    const gasUsed = Number(outcome.gasUsed);
    this.#gasUsed += gasUsed;
    const logs = logsOf(outcome.logs);
    const { type, to, sender, nonce } = transaction;
    return {
      type,
      status: outcome.status === "success" ? 1 : 0,
      cumulativeGasUsed: this.#gasUsed,
      logsBloom: this.#bits.of(logs),
      logs,
      gasUsed,
      contractAddress: to === undefined ? createAddress(sender, nonce) : undefined,
    };
  }
}

/** The rules of a block's fork by our own EVM over flat state. */
export class EvmBlockExecutor implements BlockExecutor {
  readonly #chainId: bigint;
  readonly #blocks: Evm;
  readonly #calls: Evm;

  private constructor(chainId: bigint, blocks: Evm, calls: Evm) {
    this.#chainId = chainId;
    this.#blocks = blocks;
    this.#calls = calls;
  }

  static async create(chainId: bigint): Promise<EvmBlockExecutor> {
    return new EvmBlockExecutor(chainId, await Evm.create(runPrecompile), await Evm.create(runPrecompile));
  }

  begin(state: StateReader, context: BlockContext): Promise<BlockRun> {
    const flat = new FlatState(state, context.blockHash);
    this.#blocks.begin(blockEnv(context, this.#chainId), flat);
    runSystemCalls(this.#blocks, context);
    const charge = { price: context.baseFee ?? 0n, tips: context.tips ?? false };
    return Promise.resolve(new EvmBlockRun(this.#blocks, state, flat, charge));
  }

  call(
    state: StateReader,
    context: CallContext,
    request: CallRequest & { readonly gas: bigint },
    overrides: readonly StateOverride[] = [],
    tracer?: Tracer,
  ): Promise<CallResult> {
    const flat = new FlatState(state, context.blockHash);
    const seen = overrides.length === 0 ? flat : new OverriddenState(flat, overrides);
    const precompiles = movedPrecompiles(overrides, context.fork.evm);
    // The cap is a transaction's: a call may take what calls may take.
    this.#calls.begin({ ...blockEnv(context, this.#chainId), transactionGasCap: undefined, precompiles }, seen);
    return Promise.resolve(this.#call(request, context.parent, tracer));
  }

  /** A call that offers a price pays as a transaction would, in the block after the one that it pretends to be in. */
  #payment(request: CallRequest, parent: CallContext["parent"]): Payment | Rejection {
    const { gasPrice: maxFeePerGas = 0n, maxPriorityFeePerGas = maxFeePerGas } = request;
    if (maxFeePerGas === 0n) return { price: 0n, reserve: 0n };
    const slots: ContractSlots = (...at) => this.#calls.storage(...at);
    const charge = chargeAfter(feeTermsIn(slots), parent);
    const { from: sender = ZERO_ADDRESS, to, data = NOTHING } = request;
    const offer = { sender, to, data, maxFeePerGas, maxPriorityFeePerGas };
    return paymentOf(charge, offer, slots) ?? feeTooLow(offer, charge.price);
  }

  #call(
    request: CallRequest & { readonly gas: bigint },
    parent: CallContext["parent"],
    tracer: Tracer | undefined,
  ): CallResult {
    const message = {
      type: 2 as const,
      sender: request.from ?? ZERO_ADDRESS,
      to: request.to,
      nonce: 0n,
      gasLimit: request.gas,
      value: request.value ?? 0n,
      data: request.data ?? NOTHING,
      accessList: request.accessList ?? [],
      authorizations: request.authorizations ?? [],
    };
    const { balance } = this.#calls.account(message.sender);
    const payment = this.#payment(request, parent);
    if ("code" in payment) return { kind: "invalid", rejection: payment };
    if (balance < message.value + request.gas * payment.reserve) {
      const what = payment.reserve === 0n ? "transfer" : "gas * price + value";
      const why = `insufficient funds for ${what}: address ${toHex(message.sender)}`;
      return { kind: "invalid", rejection: { code: "insufficient-funds", message: why } };
    }
    const rejection = checkGas(message, intrinsicGas(message)) ?? armRules(this.#calls, message);
    if (rejection !== undefined) return { kind: "invalid", rejection };
    const call = evmTransaction(message, payment.price);
    const outcome = tracer === undefined ? this.#calls.call(call) : this.#calls.traceCall(call, tracer);
    if (outcome.kind === "invalid") {
      return { kind: "invalid", rejection: { code: "malformed", message: outcome.reason } };
    }
    const { gasUsed, output: data } = outcome;
    if (outcome.status === "success") return { kind: "success", gasUsed, data, logs: logsOf(outcome.logs) };
    if (outcome.status === "revert") return { kind: "revert", gasUsed, data };
    return { kind: "halt", gasUsed, message: haltMessage(outcome.halt) };
  }
}
