import type { Watch } from "@tributary/chain";
import { BloomBits } from "@tributary/chain/block/bloom";
import type { EthereumReceipt, EthereumTransaction, Withdrawal } from "@tributary/chain/block/ethereum";
import { logsOf, systemTransaction } from "@tributary/chain/executor/evm-input";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { createAddress } from "@tributary/chain/transaction/recover";
import { Evm } from "@tributary/evm/evm";
import type { BlockEnv, Executed, StateReader } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/hex";
import { blobBaseFee, GAS_PER_BLOB } from "../block/fees.ts";
import type { UpgradeRules } from "../config/upgrade-schedule.ts";
import { EthereumError } from "../ethereum-error.ts";
import type { BlockPlace } from "./block-place.ts";
import { pricedTransaction } from "./evm-transaction.ts";
import type { ExecutedBlock } from "./executed-block.ts";
import { collectRequests, requestsHash } from "./requests.ts";
import { withWithdrawals } from "./withdrawals.ts";

/** EIP-7825: largest gas limit of a transaction from Osaka on. */
const TRANSACTION_GAS_CAP = 16_777_216n;

/** The block as the EVM sees it. */
export function blockEnv(place: BlockPlace, chainId: bigint, { fork, blobs }: UpgradeRules): BlockEnv {
  return {
    ...{ fork, chainId, coinbase: place.beneficiary, prevRandao: place.mixHash, baseFee: place.baseFeePerGas },
    ...{ number: BigInt(place.number), timestamp: BigInt(place.timestamp), gasLimit: BigInt(place.gasLimit) },
    blobBaseFee: blobBaseFee(place.excessBlobGas, blobs),
    transactionGasCap: fork === "osaka" ? TRANSACTION_GAS_CAP : undefined,
  };
}

/** What the protocol itself does at the beginning of a block (EIP-4788, and EIP-2935 from Prague on). */
export function openBlock(evm: Evm, place: BlockPlace, { fork }: UpgradeRules): void {
  evm.systemCall(systemTransaction(BEACON_ROOTS_ADDRESS, place.parentBeaconBlockRoot));
  if (fork !== "cancun") evm.systemCall(systemTransaction(HISTORY_ADDRESS, place.parentHash));
}

/** Executes the blocks from Cancun on, on our own EVM. */
export class EvmExecutor {
  readonly #chainId: bigint;
  readonly #depositContract: Uint8Array | undefined;
  readonly #evm: Evm;
  readonly #bits = new BloomBits();

  private constructor(chainId: bigint, depositContract: Uint8Array | undefined, evm: Evm) {
    this.#chainId = chainId;
    this.#depositContract = depositContract;
    this.#evm = evm;
  }

  static async create(chainId: bigint, depositContract: Uint8Array | undefined): Promise<EvmExecutor> {
    return new EvmExecutor(chainId, depositContract, await Evm.create());
  }

  /**
   * Executes a block on the state before it. A transaction that is invalid at its place is handed to `skip`; without
   * that, throws EthereumError `invalid-block`.
   */
  execute(
    place: BlockPlace,
    rules: UpgradeRules,
    state: StateReader,
    transactions: readonly EthereumTransaction[],
    withdrawals: readonly Withdrawal[],
    skip?: (transaction: EthereumTransaction) => void,
  ): ExecutedBlock {
    const receipts = this.replay(place, rules, state, transactions, undefined, skip);
    const logs = receipts.flatMap((receipt) => receipt.logs);
    const list = rules.fork === "cancun" ? undefined : collectRequests(this.#evm, logs, this.#depositContract);
    const changes = withWithdrawals(this.#evm.changes(), withdrawals, (address) => this.#evm.account(address));
    return { receipts, changes, requests: list === undefined ? undefined : { list, hash: requestsHash(list) } };
  }

  /** Executes a block's transactions and nothing that comes after them. Throws what `watch` and its tracers throw too. */
  replay(
    place: BlockPlace,
    rules: UpgradeRules,
    state: StateReader,
    transactions: readonly EthereumTransaction[],
    watch?: Watch,
    skip?: (transaction: EthereumTransaction) => void,
  ): readonly EthereumReceipt[] {
    const env = blockEnv(place, this.#chainId, rules);
    this.#evm.begin(env, state);
    openBlock(this.#evm, place, rules);
    const receipts: EthereumReceipt[] = [];
    let gas = 0;
    for (const [index, transaction] of transactions.entries()) {
      const input = pricedTransaction(transaction);
      const tracer = watch?.(transaction, index);
      const outcome = tracer === undefined ? this.#evm.execute(input) : this.#evm.trace(input, tracer);
      if (outcome.kind === "invalid" && skip !== undefined) {
        skip(transaction);
        continue;
      }
      if (outcome.kind === "invalid") {
        const which = `transaction ${toHex(transaction.hash)}`;
        throw new EthereumError("invalid-block", `block ${place.number}: ${which}: ${outcome.reason}`);
      }
      gas += Number(outcome.gasUsed);
      receipts.push(this.#receipt(transaction, outcome, gas, env.blobBaseFee));
    }
    return receipts;
  }

  #receipt(transaction: EthereumTransaction, outcome: Executed, gas: number, blobPrice: bigint): EthereumReceipt {
    const logs = logsOf(outcome.logs);
    const { type, to, sender, nonce, blobs } = transaction;
    return {
      ...{ type, status: outcome.status === "success" ? 1 : 0, cumulativeGasUsed: gas, logs },
      ...{ logsBloom: this.#bits.of(logs), gasUsed: Number(outcome.gasUsed) },
      contractAddress: to === undefined ? createAddress(sender, nonce) : undefined,
      ...(blobs === undefined ? {} : { blobGas: { used: blobGasOf(transaction), price: blobPrice } }),
    };
  }
}

export function blobGasOf({ blobs }: Pick<EthereumTransaction, "blobs">): bigint {
  return BigInt(blobs?.hashes.length ?? 0) * GAS_PER_BLOB;
}
