import type { EthereumTransaction } from "@tributary/chain/block/ethereum";
import { authorityOf } from "@tributary/chain/executor/authorizations";
import type { Transaction as EvmTransaction } from "@tributary/evm/types";

/** A transaction as the EVM takes it, with the price that it pays. */
export function pricedTransaction(
  transaction: Omit<EthereumTransaction, "raw" | "hash" | "r" | "s" | "yParity" | "chainId">,
): EvmTransaction {
  const { type, sender, to, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, value, data, accessList } =
    transaction;
  return {
    ...{ type, sender, to, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, value, data, accessList },
    blobHashes: transaction.blobs?.hashes ?? [],
    maxFeePerBlobGas: transaction.blobs?.maxFeePerGas ?? 0n,
    authorizations: transaction.authorizations.map((one) => ({
      ...{ chainId: one.chainId, address: one.address, nonce: one.nonce },
      authority: authorityOf(one),
    })),
  };
}
