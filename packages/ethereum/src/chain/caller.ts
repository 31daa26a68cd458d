import type { CallRequest, CallResult, Pretence } from "@tributary/chain";
import { ChainError } from "@tributary/chain";
import { logsOf, ZERO_ADDRESS } from "@tributary/chain/executor/evm-input";
import { haltMessage } from "@tributary/chain/executor/halt-message";
import { movedPrecompiles } from "@tributary/chain/executor/moved-precompiles";
import { OverriddenState } from "@tributary/chain/executor/overridden-state";
import { checkGas } from "@tributary/chain/executor/validate";
import { intrinsicGas } from "@tributary/chain/transaction/intrinsic-gas";
import { Evm } from "@tributary/evm/evm";
import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { BlockEnv, StateReader } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/hex";
import { effectiveGasPrice, GAS_PER_BLOB } from "../block/fees.ts";
import type { UpgradeRules } from "../config/upgrade-schedule.ts";
import { placeOf } from "../execution/block-place.ts";
import { blockEnv } from "../execution/evm-executor.ts";
import { pricedTransaction } from "../execution/evm-transaction.ts";
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";

const NOTHING = new Uint8Array(0);

/** The rules of a block, which must be one that our own EVM can execute. */
export function requireRules(ledger: Ledger, { block }: LedgerEntry): UpgradeRules {
  const rules = ledger.schedule.rulesAt(block.header.timestamp);
  if (rules !== undefined) return rules;
  throw new ChainError("state-pruned", `block ${block.header.number} is from before Cancun: nothing is executed on it`);
}

/** Calls on the states of an Ethereum chain, as geth makes them. */
export class Caller {
  readonly #ledger: Ledger;
  readonly #evm: Evm;

  private constructor(ledger: Ledger, evm: Evm) {
    this.#ledger = ledger;
    this.#evm = evm;
  }

  static async create(ledger: Ledger): Promise<Caller> {
    return new Caller(ledger, await Evm.create());
  }

  call(
    request: CallRequest & { readonly gas: bigint },
    entry: LedgerEntry,
    { state: overrides = [], block = {} }: Pretence,
    tracer?: Tracer,
  ): CallResult {
    const real = blockEnv(placeOf(entry.block.header), this.#ledger.chainId, requireRules(this.#ledger, entry));
    const pretended: BlockEnv = {
      ...real,
      number: block.number === undefined ? real.number : BigInt(block.number),
      timestamp: block.timestamp === undefined ? real.timestamp : BigInt(block.timestamp),
      gasLimit: block.gasLimit === undefined ? real.gasLimit : BigInt(block.gasLimit),
      coinbase: block.coinbase ?? real.coinbase,
      prevRandao: block.prevRandao ?? real.prevRandao,
      baseFee: block.baseFee ?? real.baseFee,
      blobBaseFee: block.blobBaseFee ?? real.blobBaseFee,
      transactionGasCap: undefined,
      precompiles: movedPrecompiles(overrides, real.fork),
    };
    const base = this.#ledger.stateAt(entry.block.header.number);
    const state = overrides.length === 0 ? base : new OverriddenState(base, overrides);
    return this.#run(request, pretended, state, tracer);
  }

  #run(
    request: CallRequest & { readonly gas: bigint },
    env: BlockEnv,
    state: StateReader,
    tracer: Tracer | undefined,
  ): CallResult {
    const sender = request.from ?? ZERO_ADDRESS;
    const offer = request.gasPrice ?? 0n;
    const tip = request.maxPriorityFeePerGas ?? offer;
    const blobs = request.blobs;
    if (offer > 0n && offer < env.baseFee) {
      const why = `max fee per gas less than block base fee: address ${toHex(sender)}, maxFeePerGas: ${offer}, baseFee: ${env.baseFee}`;
      return { kind: "invalid", rejection: { code: "fee-cap-too-low", message: why } };
    }
    // Who offers nothing pays nothing, and sees no price.
    const price =
      offer === 0n ? 0n : effectiveGasPrice({ maxFeePerGas: offer, maxPriorityFeePerGas: tip }, env.baseFee);
    const blobPrice = blobs === undefined || blobs.maxFeePerGas === 0n ? 0n : env.blobBaseFee;
    const cost = request.gas * price + BigInt(blobs?.hashes.length ?? 0) * GAS_PER_BLOB * blobPrice;
    const value = request.value ?? 0n;
    const balance = state.account(sender)?.balance ?? 0n;
    if (balance < cost + value) {
      const why = `insufficient funds for gas * price + value: address ${toHex(sender)} have ${balance} want ${cost + value}`;
      return { kind: "invalid", rejection: { code: "insufficient-funds", message: why } };
    }
    const message = {
      ...{ type: blobs === undefined ? (2 as const) : (3 as const), sender, to: request.to, nonce: 0n, value },
      ...{ gasLimit: request.gas, maxFeePerGas: price, maxPriorityFeePerGas: price, data: request.data ?? NOTHING },
      ...{ accessList: request.accessList ?? [], authorizations: request.authorizations ?? [] },
      ...(blobs === undefined ? {} : { blobs }),
    };
    const rejection = checkGas(message, intrinsicGas(message));
    if (rejection !== undefined) return { kind: "invalid", rejection };
    const shown = { ...env, baseFee: price === 0n ? 0n : env.baseFee, blobBaseFee: env.blobBaseFee };
    const paid = cost === 0n ? state : new OverriddenState(state, [{ address: sender, balance: balance - cost }]);
    this.#evm.begin(shown, paid);
    const input = pricedTransaction(message);
    const outcome = tracer === undefined ? this.#evm.call(input) : this.#evm.traceCall(input, tracer);
    if (outcome.kind === "invalid") {
      return { kind: "invalid", rejection: { code: "malformed", message: outcome.reason } };
    }
    const { gasUsed, output: data } = outcome;
    if (outcome.status === "success") return { kind: "success", gasUsed, data, logs: logsOf(outcome.logs) };
    if (outcome.status === "revert") return { kind: "revert", gasUsed, data };
    return { kind: "halt", gasUsed, message: haltMessage(outcome.halt) };
  }
}
