import { checksumAddress } from "../checksum-address.ts";
import { parseAddress } from "../hex.ts";
import type { Method } from "../method.ts";
import { listPool } from "../pool-listing.ts";
import { transactionShape } from "../shape/transaction.ts";

/** What waits of one sender at this member, by nonce. */
export const txpoolContentFrom: Method = {
  name: "txpool_contentFrom",
  run(params, context) {
    const sender = params.next(parseAddress);
    params.end();
    const show = (transaction: Parameters<typeof transactionShape>[0]): unknown =>
      transactionShape(transaction, undefined);
    const { pending, queued } = listPool(context.chain, context.charge, show, sender);
    const name = checksumAddress(sender);
    return { pending: pending[name] ?? {}, queued: queued[name] ?? {} };
  },
};
