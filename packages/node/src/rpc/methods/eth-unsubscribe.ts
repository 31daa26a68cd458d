import type { Method } from "../method.ts";
import { parseId } from "../parse-id.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

export const ethUnsubscribe: Method = {
  name: "eth_unsubscribe",
  run(params, context) {
    if (context.subscriptions === undefined) throw new RpcError(RPC_CODE.methodNotFound, "notifications not supported");
    const id = params.next(parseId);
    params.end();
    if (!context.subscriptions.remove(id)) throw new RpcError(RPC_CODE.server, "subscription not found");
    return true;
  },
};
