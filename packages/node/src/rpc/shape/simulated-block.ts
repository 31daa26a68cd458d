import type { SimulatedBlock, SimulatedOutcome } from "@tributary/chain";
import { data, quantity } from "../hex.ts";
import { revertError } from "../revert-reason.ts";
import { RPC_CODE } from "../rpc-error.ts";
import { blockShape } from "./block.ts";
import { logShape } from "./log.ts";
import { transactionShape } from "./transaction.ts";

/** A block of eth_simulateV1's answer: a block as any, and what each of its calls came to. */
export function simulatedBlockShape(simulated: SimulatedBlock, full: boolean): Record<string, unknown> {
  const { block, outcomes } = simulated;
  let firstLogIndex = 0;
  const calls = outcomes.map((outcome, index) => {
    const shape = callShape(simulated, outcome, index, firstLogIndex);
    firstLogIndex += outcome.logCount;
    return shape;
  });
  const transactions = full ? fullTransactions(simulated) : block.transactionHashes.map(data);
  return { ...blockShape(block, transactions), calls };
}

function fullTransactions({ block, transactions, outcomes }: SimulatedBlock): readonly unknown[] {
  return transactions.map((transaction, transactionIndex) => ({
    ...transactionShape(transaction, {
      ...inclusion(block),
      transactionIndex,
      gasPrice: outcomes[transactionIndex]?.gasPrice ?? 0n,
    }),
    // Nobody signed it, so that no chain id hides in it either.
    v: "0x0",
  }));
}

function inclusion({ header, hash }: SimulatedBlock["block"]): {
  readonly blockHash: Uint8Array;
  readonly blockNumber: number;
  readonly timestamp: number;
} {
  return { blockHash: hash, blockNumber: header.number, timestamp: header.timestamp };
}

function callShape(
  { block, transactions }: SimulatedBlock,
  { result, logs, maxUsedGas }: SimulatedOutcome,
  transactionIndex: number,
  firstLogIndex: number,
): Record<string, unknown> {
  const transactionHash = transactions[transactionIndex]?.hash ?? new Uint8Array(32);
  return {
    // What a call reverted with stands in its error alone.
    returnData: result.kind === "success" ? data(result.data) : "0x",
    logs: logs.map((log, index) =>
      logShape({ ...inclusion(block), log, transactionHash, transactionIndex, logIndex: firstLogIndex + index }),
    ),
    gasUsed: quantity(result.gasUsed),
    maxUsedGas: quantity(maxUsedGas),
    status: result.kind === "success" ? "0x1" : "0x0",
    ...errorField(result),
  };
}

function errorField(result: SimulatedOutcome["result"]): Record<string, unknown> {
  if (result.kind === "success") return {};
  if (result.kind === "halt") return { error: { message: result.message, code: RPC_CODE.vm } };
  const { message, code, data: returned } = revertError(result.data);
  return { error: { message, code, data: returned } };
}
