import { toHex } from "@tributary/protocol/bytes/hex";
import { decodeProposalBody, encodeProposalBody } from "@tributary/protocol/container/proposal-body";
import type { BodyRules, BodyVerdict, Hex } from "@tributary/protocol/ports/execution";
import type { TransactionDecoder } from "./decoder.ts";

/** Transactions judged between two returns to the event loop: about 3 ms when their signers are unknown. */
const TRANSACTIONS_PER_TURN = 48;

type Sum = { readonly hashes: Set<Hex>; gas: number; largestGas: number };

/** Context-free rules for a proposal's body: canonical, only this chain's transactions, each of them sound, none twice. */
export class TransactionBodyRules implements BodyRules {
  readonly #chainId: bigint;
  readonly #decoder: TransactionDecoder;

  constructor(chainId: bigint, decoder: TransactionDecoder) {
    this.#chainId = chainId;
    this.#decoder = decoder;
  }

  check(body: Uint8Array, done: (verdict: BodyVerdict) => void): void {
    const sections = decodeProposalBody(body);
    if (sections === undefined) {
      done({ ok: false, reason: "the body is not canonically encoded" });
    } else if (sections.some(({ chainId }) => chainId !== this.#chainId)) {
      done({ ok: false, reason: "the body holds a section of another chain" });
    } else {
      this.#judge(sections[0]?.transactions ?? [], 0, { hashes: new Set(), gas: 0, largestGas: 0 }, done);
    }
  }

  encode(transactions: readonly Uint8Array[]): Uint8Array {
    return encodeProposalBody(transactions.length === 0 ? [] : [{ chainId: this.#chainId, transactions }]);
  }

  #judge(transactions: readonly Uint8Array[], from: number, sum: Sum, done: (verdict: BodyVerdict) => void): void {
    const to = Math.min(from + TRANSACTIONS_PER_TURN, transactions.length);
    for (const raw of transactions.slice(from, to)) {
      const reason = this.#add(raw, sum);
      if (reason !== undefined) {
        done({ ok: false, reason });
        return;
      }
    }
    const { hashes, gas, largestGas } = sum;
    if (to < transactions.length) setImmediate(() => this.#judge(transactions, to, sum, done));
    else done({ ok: true, txCount: transactions.length, gas, largestGas, hashes: [...hashes] });
  }

  /** Why the transaction spoils the body, or undefined. */
  #add(raw: Uint8Array, sum: Sum): string | undefined {
    const decoded = this.#decoder.decode(raw);
    if (!decoded.ok) return decoded.rejection.message;
    const { gasLimit } = decoded.transaction;
    const hash = toHex(decoded.transaction.hash);
    if (sum.hashes.has(hash)) return `transaction ${hash} is in the body twice`;
    sum.hashes.add(hash);
    sum.gas += Number(gasLimit);
    sum.largestGas = Math.max(sum.largestGas, Number(gasLimit));
    return Number.isSafeInteger(sum.gas) ? undefined : "the gas limits are beyond every block's";
  }
}
