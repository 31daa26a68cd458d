import type { EthereumBlock, EthereumHeader } from "@tributary/chain";
import { encodeBlock } from "@tributary/chain/block/encode-block";
import { CONSTANT_FIELDS, headerHash } from "@tributary/chain/block/header-codec";
import type { PlacedPlan } from "@tributary/chain/simulation/plan-chain";
import type { SimulatedState } from "@tributary/chain/simulation/simulated-state";
import type {
  OpenBlock,
  SimulatedFields,
  SimulatedPrice,
  SimulatedRun,
  SimulationRules,
} from "@tributary/chain/simulation/simulation-rules";
import { EMPTY_TRIE_ROOT, orderedTrieRoot } from "@tributary/chain/trie/ordered-root";
import type { Evm } from "@tributary/evm/evm";
import { effectiveGasPrice, nextBaseFee, nextExcessBlobGas } from "../block/fees.ts";
import type { UpgradeRules } from "../config/upgrade-schedule.ts";
import type { BlockPlace } from "../execution/block-place.ts";
import { blobGasOf, blockEnv, openBlock } from "../execution/evm-executor.ts";
import { pricedTransaction } from "../execution/evm-transaction.ts";
import { libraryCommon } from "../execution/library-executor.ts";
import { collectRequests, requestsHash } from "../execution/requests.ts";
import { bloomOf, receiptsRoot } from "../import/check-block.ts";
import type { Ledger } from "../ledger/ledger.ts";

const ZERO_HASH = new Uint8Array(32);

/** What a simulated header says where nobody says anything else. */
const BARE_HEADER = {
  ...{ ommersHash: CONSTANT_FIELDS.ommersHash, nonce: CONSTANT_FIELDS.nonce, extraData: new Uint8Array(0) },
  ...{ transactionsRoot: EMPTY_TRIE_ROOT, receiptsRoot: EMPTY_TRIE_ROOT, logsBloom: new Uint8Array(256), gasUsed: 0 },
};

/** Blocks upon an imported chain as geth simulates them: fees are charged, the state has its root. */
export class EthereumRules implements SimulationRules {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get chainId(): bigint {
    return this.#ledger.chainId;
  }

  begin(parent: EthereumBlock, block: PlacedPlan["block"], validation: boolean, base: EthereumBlock): OpenBlock {
    const rules = this.#ledger.schedule.rulesAt(block.timestamp);
    const place: BlockPlace = {
      ...{ number: block.number, timestamp: block.timestamp, parentHash: parent.hash },
      beneficiary: block.coinbase ?? parent.header.beneficiary,
      gasLimit: block.gasLimit ?? parent.header.gasLimit,
      mixHash: block.prevRandao ?? ZERO_HASH,
      baseFeePerGas: block.baseFee ?? (validation ? nextBaseFee(parent.header) : 0n),
      excessBlobGas: rules === undefined ? 0n : nextExcessBlobGas(parent.header, rules),
      parentBeaconBlockRoot: block.parentBeaconBlockRoot ?? ZERO_HASH,
    };
    const common = { gasLimit: place.gasLimit, beneficiary: place.beneficiary, baseFee: place.baseFeePerGas };
    if (rules === undefined) return this.#openBefore(parent, place, common, base.header.stateRoot);
    const env = blockEnv(place, this.chainId, rules);
    const blobBaseFee = block.blobBaseFee ?? env.blobBaseFee;
    return {
      ...common,
      env: { ...env, blobBaseFee },
      open: (evm) => openBlock(evm, place, rules),
      price: (call) => priceOf(call, place.baseFeePerGas, blobBaseFee),
      transaction: (call) => {
        const { gas } = priceOf(call, place.baseFeePerGas, blobBaseFee);
        return { ...pricedTransaction(call), maxFeePerGas: gas, maxPriorityFeePerGas: gas };
      },
      close: (evm, state, ran) => this.#close(evm, state, ran, { place, rules, base: base.header.stateRoot }),
    };
  }

  /** A block from before Cancun: nothing is executed in it, but who finds it by proof of work is paid. */
  #openBefore(
    parent: EthereumBlock,
    place: BlockPlace,
    common: Pick<OpenBlock, "gasLimit" | "beneficiary" | "baseFee">,
    base: Uint8Array,
  ): OpenBlock {
    const { schedule, trie } = this.#ledger;
    const { difficulty } = parent.header;
    const { baseFeePerGas, excessBlobGas: _excess, parentBeaconBlockRoot: _root, ...early } = place;
    return {
      ...common,
      env: undefined,
      open: () => undefined,
      price: () => ({ gas: 0n, tip: 0n, blobs: 0n }),
      transaction: (call) => pricedTransaction(call),
      close: async (_evm, state) => {
        if (difficulty > 0n) {
          const rules = libraryCommon(this.chainId, schedule.libraryRules(place, true));
          state.credit(place.beneficiary, rules.param("minerReward"));
        }
        const stateRoot = await trie.rootWith(base, state.changes());
        const header: EthereumHeader = {
          ...{ ...BARE_HEADER, ...early, difficulty, stateRoot },
          ...(schedule.isLondon(place.number) ? { baseFeePerGas } : {}),
          ...(schedule.isShanghai(place.timestamp) ? { withdrawalsRoot: EMPTY_TRIE_ROOT } : {}),
        };
        return blockOf(header, []);
      },
    };
  }

  async #close(
    evm: Evm,
    state: SimulatedState,
    ran: readonly SimulatedRun[],
    { place, rules, base }: { readonly place: BlockPlace; readonly rules: UpgradeRules; readonly base: Uint8Array },
  ): Promise<EthereumBlock> {
    const receipts = ran.map(({ receipt }) => receipt);
    let requests: readonly Uint8Array[] | undefined;
    if (rules.fork !== "cancun") {
      evm.begin(blockEnv(place, this.chainId, rules), state);
      const logs = receipts.flatMap((receipt) => receipt.logs);
      requests = collectRequests(evm, logs, this.#ledger.genesis.depositContract);
      state.apply(evm.changes());
    }
    const header: EthereumHeader = {
      ...{ ...BARE_HEADER, ...place, difficulty: 0n },
      stateRoot: await this.#ledger.trie.rootWith(base, state.changes()),
      transactionsRoot: orderedTrieRoot(ran.map(({ transaction }) => transaction.raw)),
      ...{ receiptsRoot: receiptsRoot(receipts), logsBloom: bloomOf(receipts) },
      gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? 0,
      withdrawalsRoot: EMPTY_TRIE_ROOT,
      blobGasUsed: ran.reduce((sum, { transaction }) => sum + blobGasOf(transaction), 0n),
      ...(requests === undefined ? {} : { requestsHash: requestsHash(requests) }),
    };
    return blockOf(header, ran);
  }
}

/** What a call pays; one that offers nothing pays nothing. */
function priceOf(call: SimulatedFields, baseFee: bigint, blobBaseFee: bigint): SimulatedPrice {
  if (call.maxFeePerGas === 0n) return { gas: 0n, tip: 0n, blobs: 0n };
  const gas = call.maxFeePerGas < baseFee ? call.maxFeePerGas : effectiveGasPrice(call, baseFee);
  return { gas, tip: gas > baseFee ? gas - baseFee : 0n, blobs: blobGasOf(call) * blobBaseFee };
}

function blockOf(header: EthereumHeader, ran: readonly SimulatedRun[]): EthereumBlock {
  const transactions = ran.map(({ transaction }) => transaction.raw);
  return {
    ...{ header, hash: headerHash(header), transactions },
    transactionHashes: ran.map(({ transaction }) => transaction.hash),
    size: encodeBlock({ header, transactions }).length,
  };
}
