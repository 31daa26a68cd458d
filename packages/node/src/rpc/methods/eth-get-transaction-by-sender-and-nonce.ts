import type { ChainReader, IncludedTransaction } from "@tributary/chain";
import { equal } from "@tributary/protocol/bytes/index";
import { parseAddress, parseQuantity } from "../hex.ts";
import type { Method, MethodContext } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { transactionShape } from "../shape/transaction.ts";

/** Transactions looked through for one unit of budget. */
const LOOKED_AT_PER_UNIT = 8;

/** The transaction of an account with this nonce, in the pool or among the blocks whose state is held; or null. */
export const ethGetTransactionBySenderAndNonce: Method = {
  name: "eth_getTransactionBySenderAndNonce",
  run(params, context) {
    const sender = params.next(parseAddress);
    const nonce = params.next((value) => parseQuantity(value, 64));
    params.end();
    const { chain } = context;
    if (nonce >= chain.nonce(sender)) {
      const waiting = chain.pendingTransactions();
      context.charge(waiting.length / 100);
      const found = waiting.find((one) => one.nonce === nonce && equal(one.sender, sender));
      return found === undefined ? null : transactionShape(found, undefined);
    }
    const included = findIncluded(context, blockOf(chain, sender, nonce), sender, nonce);
    return included === undefined ? null : transactionShape(included.transaction, included);
  },
};

/** The block that took the account's nonce beyond this one, by halving the blocks whose state is held. */
function blockOf(chain: ChainReader, sender: Uint8Array, nonce: bigint): number {
  let before = chain.oldestState;
  if (before > 0 && chain.nonce(sender, before) > nonce) {
    const reason = `a transaction is found by its nonce only in blocks after ${before}`;
    throw new RpcError(RPC_CODE.prunedHistory, `pruned history unavailable: ${reason}`);
  }
  let after = chain.head.header.number;
  while (before + 1 < after) {
    const middle = Math.floor((before + after) / 2);
    if (chain.nonce(sender, middle) > nonce) after = middle;
    else before = middle;
  }
  return after;
}

/** Undefined where the account took the nonce for something else: an authorisation, or a contract that it created. */
function findIncluded(
  { chain, charge }: MethodContext,
  number: number,
  sender: Uint8Array,
  nonce: bigint,
): IncludedTransaction | undefined {
  const count = chain.block(number)?.transactions.length ?? 0;
  charge(count / LOOKED_AT_PER_UNIT);
  for (let index = 0; index < count; index++) {
    const included = chain.transactionAt(number, index);
    if (included === undefined) continue;
    const { transaction } = included;
    if (transaction.nonce === nonce && equal(transaction.sender, sender)) return included;
  }
  return undefined;
}
