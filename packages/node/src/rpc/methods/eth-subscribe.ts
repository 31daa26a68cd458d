import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { readTopic } from "../subscribe-topic.ts";

/** Blocks of the past that are sent, and whose blooms are looked at, for one unit of budget. */
const HEADS_PER_UNIT = 2;
const BLOOMS_PER_UNIT = 20;

/** Pushes what happens over the WebSocket from which it was asked. */
export const ethSubscribe: Method = {
  name: "eth_subscribe",
  run(params, context) {
    if (context.subscriptions === undefined) throw new RpcError(RPC_CODE.methodNotFound, "notifications not supported");
    const topic = readTopic(params, context.chain);
    params.end();
    if ("from" in topic && topic.from !== undefined) {
      const blocks = Math.max(0, context.chain.head.header.number - topic.from + 1);
      context.charge(blocks / (topic.kind === "newHeads" ? HEADS_PER_UNIT : BLOOMS_PER_UNIT));
    }
    return context.subscriptions.add(topic);
  },
};
