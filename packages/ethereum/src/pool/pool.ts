import type { EthereumTransaction, PoolStatus, Rejection, SubmitResult } from "@tributary/chain";
import { toKey } from "@tributary/chain/store/key";
import { equal } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { TransactionDecoder } from "../block/transaction-decoder.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { withoutSidecar } from "./blob-sidecar.ts";

/** Transactions that wait at most. */
const MAX_WAITING = 1_000;

function refused(code: Rejection["code"], message: string): SubmitResult {
  return { kind: "rejected", rejection: { code, message } };
}

/** Transactions that wait for a block after the head. */
export class Pool {
  readonly #ledger: Ledger;
  readonly #decoder: TransactionDecoder;
  readonly #waiting = new Map<string, EthereumTransaction>();
  readonly #listeners = new Set<(transaction: EthereumTransaction) => void>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#decoder = new TransactionDecoder(ledger.chainId);
  }

  add(raw: Uint8Array): SubmitResult {
    let transaction: EthereumTransaction;
    try {
      transaction = this.#decoder.decode(withoutSidecar(raw));
    } catch {
      return refused("malformed", "transaction could not be decoded");
    }
    const refusal = this.#refusal(transaction);
    if (refusal !== undefined) return refusal;
    this.#waiting.set(toKey(transaction.hash), transaction);
    for (const listener of this.#listeners) listener(transaction);
    return { kind: "accepted", hash: transaction.hash };
  }

  get(hash: Uint8Array): EthereumTransaction | undefined {
    return this.#waiting.get(toKey(hash));
  }

  all(): readonly EthereumTransaction[] {
    return [...this.#waiting.values()];
  }

  /** Those without blobs: geth lists no others. */
  listed(): readonly EthereumTransaction[] {
    return this.all().filter(({ blobs }) => blobs === undefined);
  }

  /** The first nonce of an account for which nothing waits. */
  nextNonce(address: Uint8Array): bigint {
    const nonces = new Set(this.#of(address).map(({ nonce }) => nonce));
    let next = this.#account(address).nonce;
    while (nonces.has(next)) next++;
    return next;
  }

  status(): PoolStatus {
    const all = this.all();
    const pending = all.filter(({ sender, nonce }) => nonce < this.nextNonce(sender)).length;
    const bytes = all.reduce((sum, { raw }) => sum + raw.length, 0);
    return { pending, queued: all.length - pending, bytes };
  }

  /** The returned function unsubscribes. */
  onAccepted(listener: (transaction: EthereumTransaction) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #refusal(transaction: EthereumTransaction): SubmitResult | undefined {
    const { sender, nonce, hash, value, gasLimit, maxFeePerGas } = transaction;
    if (transaction.chainId === undefined) {
      return refused("not-replay-protected", "only replay-protected (EIP-155) transactions allowed over RPC");
    }
    if (this.#waiting.has(toKey(hash))) return refused("already-known", "already known");
    const account = this.#account(sender);
    if (nonce < account.nonce) {
      return refused("nonce-too-low", `nonce too low: next nonce ${account.nonce}, tx nonce ${nonce}`);
    }
    if (this.#of(sender).some((other) => other.nonce === nonce)) {
      return refused("underpriced-replacement", "replacement transaction underpriced");
    }
    const cost = gasLimit * maxFeePerGas + value;
    if (account.balance < cost) {
      const amounts = `balance ${account.balance}, tx cost ${cost}`;
      return refused("insufficient-funds", `insufficient funds for gas * price + value: ${toHex(sender)} ${amounts}`);
    }
    return this.#waiting.size >= MAX_WAITING ? refused("pool-full", "txpool is full") : undefined;
  }

  #of(address: Uint8Array): readonly EthereumTransaction[] {
    return this.all().filter(({ sender }) => equal(sender, address));
  }

  #account(address: Uint8Array): { readonly nonce: bigint; readonly balance: bigint } {
    const { number } = this.#ledger.head.block.header;
    return this.#ledger.stateAt(number).account(address) ?? { nonce: 0n, balance: 0n };
  }
}
