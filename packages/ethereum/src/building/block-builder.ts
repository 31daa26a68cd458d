import type { BuildRequest, BuiltBlock, EthereumBlock, EthereumHeader, EthereumTransaction } from "@tributary/chain";
import { encodeBlock } from "@tributary/chain/block/encode-block";
import { CONSTANT_FIELDS, headerHash } from "@tributary/chain/block/header-codec";
import { orderedTrieRoot } from "@tributary/chain/trie/ordered-root";
import { effectiveGasPrice, nextBaseFee, nextExcessBlobGas } from "../block/fees.ts";
import { TransactionDecoder } from "../block/transaction-decoder.ts";
import type { UpgradeRules } from "../config/upgrade-schedule.ts";
import { EthereumError } from "../ethereum-error.ts";
import type { BlockPlace } from "../execution/block-place.ts";
import { blobGasOf, EvmExecutor } from "../execution/evm-executor.ts";
import { bloomOf, receiptsRoot, withdrawalsRoot } from "../import/check-block.ts";
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";
import { withoutSidecar } from "../pool/blob-sidecar.ts";
import type { Pool } from "../pool/pool.ts";

/** What geth's miners vote for by default. */
const WANTED_GAS_LIMIT = 60_000_000;
/** A block's gas limit moves by less than this part of its parent's. */
const GAS_LIMIT_BOUND = 1_024;

/** Gas limit of the block after one with `parent`. */
export function nextGasLimit(parent: number): number {
  const step = Math.floor(parent / GAS_LIMIT_BOUND) - 1;
  return parent < WANTED_GAS_LIMIT
    ? Math.min(parent + step, WANTED_GAS_LIMIT)
    : Math.max(parent - step, WANTED_GAS_LIMIT);
}

/** Builds blocks upon an imported chain, which are shown and not kept. */
export class BlockBuilder {
  readonly #ledger: Ledger;
  readonly #pool: Pool;
  readonly #decoder: TransactionDecoder;
  readonly #evm: EvmExecutor;

  private constructor(ledger: Ledger, pool: Pool, evm: EvmExecutor) {
    this.#ledger = ledger;
    this.#pool = pool;
    this.#decoder = new TransactionDecoder(ledger.chainId);
    this.#evm = evm;
  }

  static async create(ledger: Ledger, pool: Pool): Promise<BlockBuilder> {
    return new BlockBuilder(ledger, pool, await EvmExecutor.create(ledger.chainId, ledger.genesis.depositContract));
  }

  async build(request: BuildRequest): Promise<BuiltBlock> {
    try {
      return await this.#build(request);
    } catch (error) {
      if (error instanceof EthereumError) return { kind: "refused", reason: error.message };
      throw error;
    }
  }

  async #build(request: BuildRequest): Promise<BuiltBlock> {
    const { schedule } = this.#ledger;
    const number = this.#ledger.numberOf(request.parentHash);
    const parent = number === undefined ? undefined : this.#ledger.entry(number);
    if (parent === undefined) throw new EthereumError("invalid-block", "unknown parent");
    const rules = schedule.rulesAt(request.timestamp);
    if (rules === undefined) throw new EthereumError("invalid-block", "blocks from before Cancun are not built");
    if (request.timestamp <= parent.block.header.timestamp) {
      throw new EthereumError("invalid-block", "timestamp is not above the parent's");
    }
    return this.#run(request, parent, rules, placeAfter(parent.block, request, rules));
  }

  async #run(request: BuildRequest, parent: LedgerEntry, rules: UpgradeRules, place: BlockPlace): Promise<BuiltBlock> {
    const { header: before } = parent.block;
    const left = new Set<EthereumTransaction>();
    const offered = request.transactions?.map((raw) => this.#decode(raw)) ?? this.#pool.listed();
    const skip = request.transactions === undefined ? (one: EthereumTransaction) => left.add(one) : undefined;
    const state = this.#ledger.stateAt(before.number);
    const { receipts, changes, requests } = this.#evm.execute(
      place,
      rules,
      state,
      inOrder(offered, skip !== undefined),
      request.withdrawals,
      skip,
    );
    const taken = inOrder(offered, skip !== undefined).filter((one) => !left.has(one));
    const header: EthereumHeader = {
      ...{ ...place, ommersHash: CONSTANT_FIELDS.ommersHash, nonce: CONSTANT_FIELDS.nonce, difficulty: 0n },
      ...{ extraData: request.extraData, receiptsRoot: receiptsRoot(receipts), logsBloom: bloomOf(receipts) },
      stateRoot: await this.#ledger.trie.rootWith(before.stateRoot, changes),
      transactionsRoot: orderedTrieRoot(taken.map(({ raw }) => raw)),
      gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? 0,
      withdrawalsRoot: withdrawalsRoot(request.withdrawals),
      blobGasUsed: taken.reduce((sum, one) => sum + blobGasOf(one), 0n),
      ...(requests === undefined ? {} : { requestsHash: requests.hash }),
    };
    const transactions = taken.map(({ raw }) => raw);
    const { withdrawals } = request;
    const block: EthereumBlock = {
      ...{ header, hash: headerHash(header), transactions, withdrawals },
      transactionHashes: taken.map(({ hash }) => hash),
      size: encodeBlock({ header, transactions, withdrawals }).length,
    };
    const value = receipts.reduce((sum, { gasUsed }, index) => {
      const one = taken[index];
      const price = one === undefined ? 0n : effectiveGasPrice(one, place.baseFeePerGas);
      return sum + BigInt(gasUsed) * (price - place.baseFeePerGas);
    }, 0n);
    return { kind: "built", block, value, requests: requests?.list ?? [] };
  }

  #decode(raw: Uint8Array): EthereumTransaction {
    try {
      return this.#decoder.decode(withoutSidecar(raw));
    } catch (error) {
      throw new EthereumError("invalid-block", "a transaction does not decode", error);
    }
  }
}

function placeAfter({ header, hash }: EthereumBlock, request: BuildRequest, rules: UpgradeRules): BlockPlace {
  return {
    ...{ number: header.number + 1, timestamp: request.timestamp, parentHash: hash },
    ...{ beneficiary: request.feeRecipient, gasLimit: nextGasLimit(header.gasLimit), mixHash: request.prevRandao },
    baseFeePerGas: nextBaseFee(header),
    excessBlobGas: nextExcessBlobGas(header, rules),
    parentBeaconBlockRoot: request.parentBeaconBlockRoot,
  };
}

/** The pool's by nonce; those that a client names as it names them. */
function inOrder(transactions: readonly EthereumTransaction[], byNonce: boolean): readonly EthereumTransaction[] {
  return byNonce ? [...transactions].sort((a, b) => (a.nonce < b.nonce ? -1 : 1)) : transactions;
}
