import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import type { BlockEnv, Log as EvmLog, Transaction as EvmTransaction, Executed, Invalid } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/hex";
import { BloomBits } from "../block/bloom.ts";
import type { Log, Receipt } from "../block/receipt.ts";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "../genesis/predeploys.ts";
import { EMPTY_CODE_HASH } from "../state/account.ts";
import type { Change } from "../state/bucket-set.ts";
import type { StateReader } from "../state/state-view.ts";
import { intrinsicGas } from "../transaction/intrinsic-gas.ts";
import { createAddress } from "../transaction/recover.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { authorityOf } from "./authorizations.ts";
import type { BlockContext, BlockExecutor, BlockRun, TransactionOutcome } from "./block-executor.ts";
import type { CallRequest, CallResult, StateOverride } from "./call.ts";
import { FlatState, flatChanges } from "./flat-state.ts";
import { FORK } from "./fork.ts";
import { haltMessage } from "./halt-message.ts";
import { OverriddenState } from "./overridden-state.ts";
import { checkGas, checkSender, insufficientFunds, nonceTooLow } from "./validate.ts";

/** Caller of the system contracts: EIP-2935 and EIP-4788. */
const SYSTEM_ADDRESS: Uint8Array = Uint8Array.from({ length: 20 }, (_, i) => (i === 19 ? 0xfe : 0xff));
const SYSTEM_GAS = 30_000_000n;
const ZERO_ADDRESS = new Uint8Array(20);
const NOTHING = new Uint8Array(0);

function blockEnv(context: BlockContext, chainId: bigint): BlockEnv {
  return {
    fork: FORK,
    chainId,
    number: BigInt(context.number),
    timestamp: BigInt(context.timestamp),
    coinbase: ZERO_ADDRESS,
    gasLimit: BigInt(context.gasLimit),
    baseFee: 0n,
    prevRandao: context.prevRandao,
    // EIP-4844: the least blob gas price, though nothing can be bought for it.
    blobBaseFee: 1n,
    transactionGasCap: undefined,
  };
}

/** No price is ever charged, so an offered one does not reach the EVM: GASPRICE shows 0. */
function unpriced(
  fields: Pick<EvmTransaction, "type" | "sender" | "to" | "nonce" | "gasLimit" | "value" | "data" | "accessList">,
  authorizations: EvmTransaction["authorizations"],
): EvmTransaction {
  const { type, sender, to, nonce, gasLimit, value, data, accessList } = fields;
  return {
    ...{ type, sender, to, nonce, gasLimit, value, data, accessList, authorizations },
    ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, blobHashes: [], maxFeePerBlobGas: 0n },
  };
}

function systemCall(to: Uint8Array, data: Uint8Array): EvmTransaction {
  const fields = {
    type: 0,
    sender: SYSTEM_ADDRESS,
    nonce: 0n,
    gasLimit: SYSTEM_GAS,
    value: 0n,
    accessList: [],
  } as const;
  return unpriced({ ...fields, to, data }, []);
}

function logsOf(logs: readonly EvmLog[]): Log[] {
  return logs.map(({ address, topics, data }) => ({ address, topics: [...topics], data }));
}

class EvmBlockRun implements BlockRun {
  readonly #evm: Evm;
  readonly #state: StateReader;
  readonly #flat: FlatState;
  readonly #bits = new BloomBits();
  #gasUsed = 0;

  constructor(evm: Evm, state: StateReader, flat: FlatState) {
    this.#evm = evm;
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
    if (nonce > this.nonce(sender)) return { kind: "ahead" };
    const authorizations = transaction.authorizations.map((authorization) => ({
      chainId: authorization.chainId,
      address: authorization.address,
      nonce: authorization.nonce,
      authority: authorityOf(authorization),
    }));
    const outcome = this.#evm.execute(unpriced(transaction, authorizations));
    if (outcome.kind === "invalid") return { kind: "invalid", rejection: this.#rejection(transaction, outcome) };
    return { kind: "executed", receipt: this.#receipt(transaction, outcome) };
  }

  /** The EVM's refusal in the words of clients. */
  #rejection(transaction: Transaction, { reason }: Invalid): Rejection {
    const { sender, nonce, value } = transaction;
    const account = this.#evm.account(sender);
    if (nonce < account.nonce) return nonceTooLow(account.nonce, nonce);
    const hasCode = Buffer.compare(account.codeHash, EMPTY_CODE_HASH) !== 0;
    return (
      checkGas(transaction, intrinsicGas(transaction)) ??
      (hasCode ? checkSender(sender, this.#flat.code(account.codeHash)) : undefined) ??
      (account.balance < value ? insufficientFunds(account.balance, value) : undefined) ?? {
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

/** Prague's rules by our own EVM over flat state. */
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
    this.#blocks.systemCall(systemCall(BEACON_ROOTS_ADDRESS, context.parentBeaconBlockRoot));
    this.#blocks.systemCall(systemCall(HISTORY_ADDRESS, context.parentHash));
    return Promise.resolve(new EvmBlockRun(this.#blocks, state, flat));
  }

  call(
    state: StateReader,
    context: BlockContext,
    request: CallRequest & { readonly gas: bigint },
    overrides: readonly StateOverride[] = [],
  ): Promise<CallResult> {
    const flat = new FlatState(state, context.blockHash);
    const seen = overrides.length === 0 ? flat : new OverriddenState(flat, overrides);
    this.#calls.begin(blockEnv(context, this.#chainId), seen);
    return Promise.resolve(this.#call(request));
  }

  #call(request: CallRequest & { readonly gas: bigint }): CallResult {
    const message = {
      type: 2 as const,
      sender: request.from ?? ZERO_ADDRESS,
      to: request.to,
      nonce: 0n,
      gasLimit: request.gas,
      value: request.value ?? 0n,
      data: request.data ?? NOTHING,
      accessList: request.accessList ?? [],
    };
    const { balance } = this.#calls.account(message.sender);
    if (balance < message.value) {
      const why = `insufficient funds for transfer: address ${toHex(message.sender)}`;
      return { kind: "invalid", rejection: { code: "insufficient-funds", message: why } };
    }
    const rejection = checkGas(message, intrinsicGas({ ...message, authorizations: [] }));
    if (rejection !== undefined) return { kind: "invalid", rejection };
    const outcome = this.#calls.call(unpriced(message, []));
    if (outcome.kind === "invalid") {
      return { kind: "invalid", rejection: { code: "malformed", message: outcome.reason } };
    }
    const { gasUsed, output: data } = outcome;
    if (outcome.status === "success") return { kind: "success", gasUsed, data, logs: logsOf(outcome.logs) };
    if (outcome.status === "revert") return { kind: "revert", gasUsed, data };
    return { kind: "halt", gasUsed, message: haltMessage(outcome.halt) };
  }
}
