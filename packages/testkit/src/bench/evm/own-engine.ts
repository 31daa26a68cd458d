import { EMPTY_CODE_HASH } from "@tributary/evm/empty-code";
import { Evm } from "@tributary/evm/evm";
import type { BlockEnv, StateReader, Transaction } from "@tributary/evm/types";
import { CALL_GAS, CHAIN_ID, DEPLOY_GAS, DEPLOYER, type Engine, RICH } from "./engine.ts";

export const env: BlockEnv = {
  fork: "prague",
  chainId: CHAIN_ID,
  number: 1n,
  timestamp: 1_700_000_000n,
  coinbase: new Uint8Array(20),
  gasLimit: CALL_GAS,
  baseFee: 0n,
  prevRandao: new Uint8Array(32),
  blobBaseFee: 1n,
  transactionGasCap: undefined,
};

/** Nothing but a rich deployer. */
const emptyState: StateReader = {
  account: (address) =>
    Buffer.compare(address, DEPLOYER) === 0 ? { nonce: 0n, balance: RICH, codeHash: EMPTY_CODE_HASH } : undefined,
  storage: () => undefined,
  code: () => new Uint8Array(0),
  blockHash: () => undefined,
};

/** A transaction without fee, value and lists. */
export function plainTransaction(
  fields: Pick<Transaction, "sender" | "to" | "nonce" | "gasLimit" | "data">,
): Transaction {
  return {
    ...{ type: 0, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, value: 0n, accessList: [] },
    ...{ blobHashes: [], maxFeePerBlobGas: 0n, authorizations: [] },
    ...fields,
  };
}

/** This project's EVM; all contracts lie in the changes of one block. */
export async function ownEngine(): Promise<Engine> {
  const evm = await Evm.create();
  evm.begin(env, emptyState);
  return {
    name: "ours",
    deploy: async (data, nonce) => {
      const outcome = evm.execute(
        plainTransaction({ sender: DEPLOYER, to: undefined, nonce, gasLimit: DEPLOY_GAS, data }),
      );
      if (outcome.kind !== "executed" || outcome.status !== "success") {
        throw new Error(`ours: a deployment failed: ${outcome.kind === "invalid" ? outcome.reason : outcome.halt}`);
      }
    },
    call: async (to, data) => {
      const transaction = plainTransaction({ sender: DEPLOYER, to, nonce: 0n, gasLimit: CALL_GAS, data });
      const from = performance.now();
      const outcome = evm.call(transaction);
      const milliseconds = performance.now() - from;
      if (outcome.kind !== "executed" || outcome.status !== "success") throw new Error("ours: a call failed");
      return { output: outcome.output, milliseconds };
    },
    close: async () => undefined,
  };
}
