import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { readTopic } from "../subscribe-topic.ts";

/** Pushes what happens over the WebSocket from which it was asked. */
export const ethSubscribe: Method = {
  name: "eth_subscribe",
  run(params, context) {
    if (context.subscriptions === undefined) throw new RpcError(RPC_CODE.methodNotFound, "notifications not supported");
    const topic = readTopic(params);
    params.end();
    return context.subscriptions.add(topic);
  },
};
