import type { ChainReader, IncludedReceipt } from "@tributary/chain";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { unsealWork } from "@tributary/protocol/gasless/proof-of-work";
import { data, kindOf, type Parsed, parseData, parseIndex, quantity } from "../hex.ts";
import { DEFAULT_SYNC_WAIT_MS, MAX_SYNC_WAIT_MS } from "../limits.ts";
import type { Method } from "../method.ts";
import { refusedTransaction } from "../refused-transaction.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { receiptShape } from "../shape/receipt.ts";

/** EIP-7966: takes a signed transaction and answers with its receipt, which is final here. */
export const ethSendRawTransactionSync: Method = {
  name: "eth_sendRawTransactionSync",
  async run(params, context) {
    const raw = params.next(parseData);
    const wait = params.nextOr(parseWait, DEFAULT_SYNC_WAIT_MS);
    params.end();
    const { chain } = context;
    const hash = keccak256(unsealWork(raw).raw);
    const submitted = await chain.submit(raw);
    // Whoever sends it again, and so does a gateway whose first member did not answer, wants its receipt too.
    const isKnown = chain.pendingTransaction(hash) !== undefined || chain.receipt(hash) !== undefined;
    if (submitted.kind === "rejected" && !isKnown) throw refusedTransaction(submitted.rejection);
    checkGap(chain, hash);
    const included = await receiptWithin(chain, hash, wait);
    if (included !== undefined) return receiptShape(included);
    throw new RpcError(
      RPC_CODE.syncTimeout,
      `the transaction was added to the transaction pool but was not processed in ${wait} ms`,
      data(hash),
    );
  },
};

/** A transaction behind a missing nonce waits for another one: its sender is told at once. */
function checkGap(chain: ChainReader, hash: Uint8Array): void {
  const waiting = chain.pendingTransaction(hash);
  if (waiting === undefined) return;
  const next = chain.pendingNonce(waiting.sender);
  if (waiting.nonce < next) return;
  throw new RpcError(
    RPC_CODE.nonceGap,
    `nonce gap: next nonce ${next}, tx nonce ${waiting.nonce}; the transaction waits in the transaction pool`,
    quantity(next),
  );
}

function receiptWithin(chain: ChainReader, hash: Uint8Array, wait: number): Promise<IncludedReceipt | undefined> {
  const known = chain.receipt(hash);
  if (known !== undefined) return Promise.resolve(known);
  return new Promise((resolve) => {
    const end = (receipt: IncludedReceipt | undefined): void => {
      clearTimeout(timer);
      stop();
      resolve(receipt);
    };
    const timer = setTimeout(() => end(undefined), wait);
    const stop = chain.onBlock(() => {
      const receipt = chain.receipt(hash);
      if (receipt !== undefined) end(receipt);
    });
  });
}

/** Milliseconds, as a number or a quantity; more than the node waits is as much as it waits. */
function parseWait(value: unknown): Parsed<number> {
  const parsed = typeof value === "string" ? parseIndex(value) : { value };
  if ("reason" in parsed) return parsed;
  const wait = parsed.value;
  if (typeof wait !== "number") return { reason: `want a timeout in milliseconds, got ${kindOf(value)}` };
  if (!Number.isSafeInteger(wait) || wait < 0) return { reason: "want a timeout in milliseconds" };
  return { value: wait === 0 ? DEFAULT_SYNC_WAIT_MS : Math.min(wait, MAX_SYNC_WAIT_MS) };
}
