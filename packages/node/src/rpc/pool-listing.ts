import type { ChainReader, EthereumTransaction } from "@tributary/chain";
import { checksumAddress } from "./checksum-address.ts";
import { MAX_POOL_LISTED, MAX_POOL_LISTED_BYTES } from "./limits.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** By nonce. */
export type SenderListing<T> = Record<string, T>;
/** By sender, checksummed. */
export type PoolListing<T> = {
  readonly pending: Record<string, SenderListing<T>>;
  readonly queued: Record<string, SenderListing<T>>;
};

/** Transactions shown for one unit of budget. */
const LISTED_PER_UNIT = 4;

/** What waits in the pool, in geth's shape: `pending` can be executed now, `queued` stands behind a nonce that is missing. */
export function listPool<T>(
  chain: ChainReader,
  charge: (units: number) => void,
  show: (transaction: EthereumTransaction) => T,
  sender?: Uint8Array,
): PoolListing<T> {
  const all = chain.pendingTransactions();
  const chosen = sender === undefined ? all : all.filter((one) => Buffer.compare(one.sender, sender) === 0);
  // Looking through the pool is work too.
  charge(all.length / 100 + chosen.length / LISTED_PER_UNIT);
  checkSize(chosen);
  const listing: PoolListing<T> = { pending: {}, queued: {} };
  const next = new Map<string, bigint>();
  for (const transaction of [...chosen].sort((a, b) => (a.nonce < b.nonce ? -1 : 1))) {
    const name = checksumAddress(transaction.sender);
    const gap = next.get(name) ?? chain.pendingNonce(transaction.sender);
    next.set(name, gap);
    const side = transaction.nonce < gap ? listing.pending : listing.queued;
    const ofSender = side[name] ?? {};
    side[name] = ofSender;
    ofSender[transaction.nonce.toString()] = show(transaction);
  }
  return listing;
}

function checkSize(transactions: readonly EthereumTransaction[]): void {
  const bytes = transactions.reduce((sum, { raw }) => sum + raw.length, 0);
  if (transactions.length <= MAX_POOL_LISTED && bytes <= MAX_POOL_LISTED_BYTES) return;
  throw new RpcError(
    RPC_CODE.limitExceeded,
    `${transactions.length} transactions of ${bytes} bytes wait: at most ${MAX_POOL_LISTED} of together ` +
      `${MAX_POOL_LISTED_BYTES} bytes are listed; try txpool_status, or txpool_contentFrom with one sender`,
  );
}
