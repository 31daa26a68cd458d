import { data, parseData } from "../hex.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/** Takes a signed transaction. The hash comes back once the transaction is on disk: from then on it is not lost. */
export const ethSendRawTransaction: Method = {
  name: "eth_sendRawTransaction",
  async run(params, context) {
    const raw = params.next(parseData);
    params.end();
    const result = await context.chain.submit(raw);
    if (result.kind === "rejected") throw new RpcError(RPC_CODE.server, result.rejection.message);
    return data(result.hash);
  },
};
