import type { CallRequest, CallResult, ChainReader } from "@tributary/chain";
import type { ParsedCall } from "./call-request.ts";
import { revertError } from "./revert-reason.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Gas that the node executes in one unit of budget (50 microseconds) where each instruction is a bad one. */
const GAS_PER_UNIT = 1_000;
const UNITS_PER_MILLISECOND = 20;
/** Intrinsic gas of a transaction: no execution. */
const INTRINSIC_GAS = 21_000;

/** Units of budget for executing `gas`. */
export function executionUnits(gas: bigint): number {
  return Math.max(0, Number(gas) - INTRINSIC_GAS) / GAS_PER_UNIT;
}

/**
 * Units of budget for a call that ran since `startedAt` (performance.now()): what it took, and no more than its gas can
 * take, so that whatever else the machine did meanwhile is not paid for. Most gas takes a fiftieth of the worst.
 */
export function elapsedUnits(gas: bigint, executions: number, startedAt: number): number {
  const taken = (performance.now() - startedAt) * UNITS_PER_MILLISECOND;
  return Math.min(executions * executionUnits(gas), taken);
}

/** A rented chain takes no blobs. */
export function checkBlobs({ blobs }: Pick<CallRequest, "blobs">, chain: ChainReader): void {
  if (blobs === undefined || chain.ethereum !== undefined) return;
  throw new RpcError(
    RPC_CODE.invalidParams,
    "invalid argument 0: transaction type not supported (transaction type not valid: blob transactions are disabled here)",
  );
}

/** A call made for another kind of chain, or for another chain, is a mistake that is worth words. */
export function checkChain(call: ParsedCall, chain: ChainReader): void {
  checkBlobs(call.request, chain);
  if (call.chainId === undefined || call.chainId === chain.chainId) return;
  throw new RpcError(RPC_CODE.server, `chainId does not match node's (have=${call.chainId}, want=${chain.chainId})`);
}

/** The error for a call that did not succeed. */
export function callError(result: Exclude<CallResult, { readonly kind: "success" }>): RpcError {
  switch (result.kind) {
    case "revert":
      return revertError(result.data);
    case "halt":
      return new RpcError(RPC_CODE.server, result.message);
    case "invalid":
      return new RpcError(RPC_CODE.server, result.rejection.message);
  }
}
