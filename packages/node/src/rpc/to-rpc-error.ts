import { ChainError, SimulationError, type SimulationErrorCode } from "@tributary/chain";
import { TraceError } from "@tributary/evm";
import type { Logger } from "pino";
import { LimitError, RPC_CODE, RpcError } from "./rpc-error.ts";

/** geth's codes (internal/ethapi/errors.go). */
const simulationCodes: Readonly<Record<SimulationErrorCode, number>> = {
  "nonce-too-low": -38010,
  "nonce-too-high": -38011,
  "nonce-max": RPC_CODE.internal,
  "base-fee": -38012,
  "intrinsic-gas": -38013,
  "insufficient-funds": -38014,
  forbidden: RPC_CODE.server,
  "block-gas-limit": -38015,
  "block-number": -38020,
  timestamp: -38021,
  "initcode-size": -38025,
  "too-many-blocks": -38026,
  "too-large": RPC_CODE.tooLarge,
};

/** What a client is told about an error. Faults of the node itself are logged and not described to strangers. */
export function toRpcError(error: unknown, logger: Logger, method: string): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof ChainError) {
    switch (error.code) {
      case "state-pruned":
        return new RpcError(RPC_CODE.server, `historical state is not available: ${error.message}`);
      case "history-pruned":
        return new RpcError(RPC_CODE.prunedHistory, `pruned history unavailable: ${error.message}`);
      case "unknown-block":
        return new RpcError(RPC_CODE.server, "header not found");
      case "bad-override":
        return new RpcError(RPC_CODE.server, error.message);
      case "limit-exceeded":
        return new RpcError(RPC_CODE.limitExceeded, error.message);
      case "busy":
        return new LimitError(`limit exceeded: ${error.message}, retry in 1 s`, 1);
      case "closed":
        return new RpcError(RPC_CODE.timeout, "resource unavailable: the chain is stopping on this node");
    }
  }
  if (error instanceof SimulationError) return new RpcError(simulationCodes[error.code], error.message);
  if (error instanceof TraceError) {
    return new RpcError(error.code === "TRACE_TOO_LARGE" ? RPC_CODE.tooLarge : RPC_CODE.server, error.message);
  }
  logger.error({ err: error, method }, "rpc method failed");
  return new RpcError(RPC_CODE.internal, "internal error");
}
