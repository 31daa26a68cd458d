import type { IncludedReceipt } from "@tributary/chain";
import { data, quantity } from "../hex.ts";
import { logShape } from "./log.ts";

export function receiptShape(included: IncludedReceipt): Record<string, unknown> {
  const { receipt, transaction, firstLogIndex, blockNumber, blockHash, timestamp, transactionIndex } = included;
  const { stateRoot, blobGas } = receipt;
  return {
    transactionHash: data(transaction.hash),
    transactionIndex: quantity(transactionIndex),
    blockHash: data(blockHash),
    blockNumber: quantity(blockNumber),
    from: data(transaction.sender),
    to: transaction.to === undefined ? null : data(transaction.to),
    contractAddress: receipt.contractAddress === undefined ? null : data(receipt.contractAddress),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(receipt.gasUsed),
    effectiveGasPrice: quantity(included.gasPrice ?? 0n),
    logs: receipt.logs.map((log, index) =>
      logShape({
        log,
        blockNumber,
        blockHash,
        timestamp,
        transactionIndex,
        transactionHash: transaction.hash,
        logIndex: firstLogIndex + index,
      }),
    ),
    logsBloom: data(receipt.logsBloom),
    ...(stateRoot === undefined ? { status: quantity(receipt.status) } : { root: data(stateRoot) }),
    ...(blobGas === undefined ? {} : { blobGasUsed: quantity(blobGas.used), blobGasPrice: quantity(blobGas.price) }),
    type: quantity(receipt.type),
  };
}
