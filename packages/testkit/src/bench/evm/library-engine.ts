import { type Block, createBlock } from "@ethereumjs/block";
import { createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { Caches, MerkleStateManager } from "@ethereumjs/statemanager";
import { createLegacyTx, type LegacyTx } from "@ethereumjs/tx";
import { Account, Address } from "@ethereumjs/util";
import { createVM, type RunTxResult, runTx, type VM } from "@ethereumjs/vm";
import type { Transaction } from "@tributary/evm/types";
import { CALL_GAS, CHAIN_ID, DEPLOY_GAS, DEPLOYER, type Engine, RICH } from "./engine.ts";
import { env, plainTransaction } from "./own-engine.ts";

/**
 * `@ethereumjs/vm` with its default state manager and caches, inside an open checkpoint as when it runs a block: so no
 * trie is hashed between transactions.
 */
export class Library {
  readonly state: MerkleStateManager;
  readonly #vm: VM;
  readonly #block: Block;
  readonly #common: ReturnType<typeof createCustomCommon>;

  private constructor(vm: VM, state: MerkleStateManager, common: ReturnType<typeof createCustomCommon>) {
    this.state = state;
    this.#vm = vm;
    this.#common = common;
    const { number, timestamp, gasLimit } = env;
    this.#block = createBlock(
      { header: { number, timestamp, gasLimit, baseFeePerGas: 0n } },
      { common, skipConsensusFormatValidation: true },
    );
  }

  static async create(): Promise<Library> {
    const common = createCustomCommon({ chainId: Number(CHAIN_ID) }, Mainnet, { hardfork: Hardfork.Prague });
    const state = new MerkleStateManager({ common, caches: new Caches() });
    const vm = await createVM({ common, stateManager: state });
    await state.checkpoint();
    return new Library(vm, state, common);
  }

  async fund(address: Uint8Array): Promise<void> {
    await this.state.putAccount(new Address(address), new Account(0n, RICH));
  }

  /** A library transaction that needs no signature: recovery would be measured too. */
  transaction({ sender, to, nonce, gasLimit, data }: Transaction): LegacyTx {
    const target = to === undefined ? {} : { to: new Address(to) };
    const tx = createLegacyTx(
      { nonce, gasLimit, gasPrice: 0n, data, ...target },
      { common: this.#common, freeze: false },
    );
    const from = new Address(sender);
    tx.getSenderAddress = () => from;
    tx.isSigned = () => true;
    return tx;
  }

  run(tx: LegacyTx, skipNonce = false): Promise<RunTxResult> {
    return runTx(this.#vm, { tx, block: this.#block, skipHardForkValidation: true, skipNonce });
  }
}

export async function libraryEngine(): Promise<Engine> {
  const library = await Library.create();
  await library.fund(DEPLOYER);
  const transaction = (to: Uint8Array | undefined, nonce: bigint, gasLimit: bigint, data: Uint8Array): LegacyTx =>
    library.transaction(plainTransaction({ sender: DEPLOYER, to, nonce, gasLimit, data }));
  return {
    name: "ethereumjs",
    deploy: async (data, nonce) => {
      const { execResult } = await library.run(transaction(undefined, nonce, DEPLOY_GAS, data));
      if (execResult.exceptionError !== undefined) throw new Error("ethereumjs: a deployment failed");
    },
    call: async (to, data) => {
      const tx = transaction(to, 0n, CALL_GAS, data);
      await library.state.checkpoint();
      const from = performance.now();
      const { execResult } = await library.run(tx, true);
      const milliseconds = performance.now() - from;
      await library.state.revert();
      if (execResult.exceptionError !== undefined) throw new Error("ethereumjs: a call failed");
      return { output: execResult.returnValue, milliseconds };
    },
    close: async () => undefined,
  };
}
