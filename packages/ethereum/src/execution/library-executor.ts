import { createBlockFromRLP } from "@ethereumjs/block";
import { type Common, createCustomCommon, type Hardfork, Mainnet } from "@ethereumjs/common";
import type { MerkleStateManager } from "@ethereumjs/statemanager";
import { createVM, paramsVM, runBlock, type TxReceipt, type VM } from "@ethereumjs/vm";
import type { EthereumReceipt, EthereumTransaction } from "@tributary/chain/block/ethereum";
import { createAddress } from "@tributary/chain/transaction/recover";
import type { RawBlock } from "../block/block-codec.ts";
import type { StateTrie } from "../state/state-trie.ts";
import type { Touched } from "../state/touched.ts";
import type { ExecutedBlock } from "./executed-block.ts";

/** Executes the blocks from before Cancun, whose rules our own EVM does not have, on the library's. */
export class LibraryExecutor {
  readonly #chainId: bigint;
  readonly #trie: StateTrie;
  readonly #touched: Touched;
  readonly #hashOf: (number: number) => Uint8Array | undefined;

  constructor(chainId: bigint, trie: StateTrie, touched: Touched, hashOf: (number: number) => Uint8Array | undefined) {
    this.#chainId = chainId;
    this.#trie = trie;
    this.#touched = touched;
    this.#hashOf = hashOf;
  }

  /**
   * Executes a block on the trie's newest state, which it changes. Throws the library's error where the block is invalid
   * by the rules or does not give the roots of its header.
   */
  async execute(raw: RawBlock, transactions: readonly EthereumTransaction[], rules: Hardfork): Promise<ExecutedBlock> {
    const common = libraryCommon(this.#chainId, rules);
    const block = createBlockFromRLP(raw.encoded, { common });
    const vm = await libraryVm(common, this.#trie.manager, this.#hashOf);
    const { result, changes } = await this.#touched.changesOf(() =>
      runBlock(vm, { block, skipHeaderValidation: true, clearCache: false }),
    );
    const { receipts, results } = result;
    return {
      receipts: receipts.map((receipt, index) =>
        receiptOf(receipt, results[index]?.totalGasSpent ?? 0n, transactions[index]),
      ),
      changes,
      requests: undefined,
    };
  }
}

/** The library's machine on a state. */
export function libraryVm(
  common: Common,
  stateManager: MerkleStateManager,
  hashOf: (number: number) => Uint8Array | undefined,
): Promise<VM> {
  return createVM({
    common,
    stateManager,
    blockchain: {
      getBlock: async (number: number) => {
        const hash = hashOf(Number(number));
        if (hash === undefined) throw new RangeError(`block ${number} is not here`);
        return { hash: () => hash };
      },
      putBlock: async () => undefined,
      shallowCopy() {
        return this;
      },
    } as never,
  });
}

export function libraryCommon(chainId: bigint, rules: Hardfork): Common {
  return createCustomCommon({ chainId: Number(chainId) }, Mainnet, { hardfork: rules, params: paramsVM });
}

function receiptOf(receipt: TxReceipt, gasUsed: bigint, transaction: EthereumTransaction | undefined): EthereumReceipt {
  return {
    type: transaction?.type ?? 0,
    status: "status" in receipt ? (receipt.status === 0 ? 0 : 1) : 1,
    ...("stateRoot" in receipt ? { stateRoot: receipt.stateRoot } : {}),
    cumulativeGasUsed: Number(receipt.cumulativeBlockGasUsed),
    logsBloom: receipt.bitvector,
    logs: receipt.logs.map(([address, topics, data]) => ({ address, topics, data })),
    gasUsed: Number(gasUsed),
    contractAddress:
      transaction !== undefined && transaction.to === undefined
        ? createAddress(transaction.sender, transaction.nonce)
        : undefined,
  };
}
