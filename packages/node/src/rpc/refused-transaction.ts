import type { Rejection } from "@tributary/chain";
import { LimitError, RPC_CODE, RpcError } from "./rpc-error.ts";

/** What the sender of a transaction that was not taken is told: to come back, or what is wrong with it. */
export function refusedTransaction({ code, message }: Rejection): RpcError {
  return code === "no-room-without-work" ? new LimitError(message, 1) : new RpcError(RPC_CODE.server, message);
}
