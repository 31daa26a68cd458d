import { data, parseData } from "../hex.ts";
import type { Method } from "../method.ts";
import { refusedTransaction } from "../refused-transaction.ts";

/** Takes a signed transaction, alone or sealed with a proof of work. The hash comes back once the transaction is on disk: from then on it is not lost. */
export const ethSendRawTransaction: Method = {
  name: "eth_sendRawTransaction",
  async run(params, context) {
    const raw = params.next(parseData);
    params.end();
    const result = await context.chain.submit(raw);
    if (result.kind === "rejected") throw refusedTransaction(result.rejection);
    return data(result.hash);
  },
};
