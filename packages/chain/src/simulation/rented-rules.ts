import type { BlockHeader } from "../block/block.ts";
import { buildBlock } from "../block/build-block.ts";
import { encodeBlock } from "../block/encode-block.ts";
import type { EthereumBlock } from "../block/ethereum.ts";
import { headerHash } from "../block/header-codec.ts";
import type { BlockContext } from "../executor/block-executor.ts";
import { blockEnv, evmTransaction, runSystemCalls, ZERO_ADDRESS } from "../executor/evm-input.ts";
import { type ForkRules, requireFork } from "../forks/fork.ts";
import type { Offer } from "../rules/base-fee.ts";
import { chargeAfter, type FeeTerms, pricePaid } from "../rules/fee-storage.ts";
import type { PlacedPlan } from "./plan-chain.ts";
import type { OpenBlock, SimulatedRun, SimulationRules } from "./simulation-rules.ts";

const NOTHING = new Uint8Array(0);
const ZERO_HASH = new Uint8Array(32);

/** The owner's terms in the state after a block. */
export type TermsAfter = (block: EthereumBlock) => FeeTerms;

/**
 * A rented chain's rules: who offers what the owner asks for pays it, as the terms are where the simulation begins, and
 * with ordinary fees as the simulated blocks before have it; who offers less pays nothing, since the owner may pay.
 * Nobody commits to the state of a simulation.
 */
export class RentedRules implements SimulationRules {
  readonly chainId: bigint;
  readonly #forks: readonly ForkRules[];
  readonly #termsAfter: TermsAfter;

  constructor(chainId: bigint, forks: readonly ForkRules[], termsAfter: TermsAfter) {
    this.chainId = chainId;
    this.#forks = forks;
    this.#termsAfter = termsAfter;
  }

  /** All blocks of a simulation are by the rules of the real one that it begins on. */
  begin(parent: EthereumBlock, block: PlacedPlan["block"], _validation: boolean, base: EthereumBlock): OpenBlock {
    const { price: asked, tips, treasury } = chargeAfter(this.#termsAfter(base), parent.header);
    // What an owner asks for is no matter of the block; a fee that moves is.
    const price = tips ? (block.baseFee ?? asked) : asked;
    const paid = (offer: Offer): bigint => pricePaid({ price, tips }, offer);
    const context: BlockContext = {
      fork: requireFork(this.#forks, base.header),
      ...{ gasLimit: parent.header.gasLimit, coinbase: parent === base ? treasury : parent.header.beneficiary },
      ...{ baseFee: price, tips },
      ...{ prevRandao: ZERO_HASH, parentBeaconBlockRoot: ZERO_HASH },
      ...block,
      parentHash: parent.hash,
      blockHash: () => undefined,
    };
    return {
      ...{ gasLimit: context.gasLimit, baseFee: context.baseFee ?? 0n, env: blockEnv(context, this.chainId) },
      beneficiary: context.coinbase ?? ZERO_ADDRESS,
      open: (evm) => runSystemCalls(evm, context),
      price: (call) => ({ gas: paid(call), tip: paid(call), blobs: 0n }),
      transaction: (call) => evmTransaction(call, paid(call)),
      close: (_evm, _state, ran) => Promise.resolve(buildSimulated(context, ran)),
    };
  }
}

function buildSimulated(context: BlockContext, ran: readonly SimulatedRun[]): EthereumBlock {
  const { fork, number, timestamp, gasLimit, prevRandao, parentHash, parentBeaconBlockRoot } = context;
  const transactions = ran.map(({ transaction }) => transaction.raw);
  const block = buildBlock({
    ...{
      number,
      height: number,
      rules: fork.rules,
      time: timestamp * 1_000,
      gasLimit,
      mixHash: prevRandao,
      parentHash,
    },
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
