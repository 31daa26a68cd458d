import { decodeTransaction } from "@tributary/chain/transaction/decode";
import { recoverAddress } from "@tributary/chain/transaction/recover";
import { data, parseData, parseQuantity, quantity } from "../rpc/hex.ts";

/** Milliseconds for which an acknowledged transaction counts: by then each member knows it, or has executed it. */
const REMEMBERED_MS = 15_000;
/** Senders whose nonces are kept. */
const MAX_SENDERS = 10_000;
/** Transactions of one request that are looked at: who sends more at a time counts them, and recovering a sender takes time. */
const MAX_NOTED = 16;
/** Runs of nonces of one sender; who leaves more gaps is not counted on. */
const MAX_RUNS = 8;
const SEND = "eth_sendRawTransaction";
const COUNT = "eth_getTransactionCount";
/** On a devnet: what was acknowledged may be taken back. */
const REVERT = "evm_revert";

type Fields = Readonly<Record<string, unknown>>;
/** Nonces from `first` up to `next` - 1, without a gap. */
type Run = { readonly first: bigint; readonly next: bigint; readonly until: number };

/**
 * Each member has its own pool, and one that is busy passes its client on to another, which would tell a nonce that is
 * taken already. So the gateway remembers what members acknowledged through it, and counts it in `pending` nonces: what
 * follows on the member's own count, for behind a gap nothing is executed, and the next nonce is the gap's.
 */
export class NonceMemory {
  readonly #chainId: bigint;
  readonly #now: () => number;
  /** By sender; the oldest first. */
  readonly #known = new Map<string, readonly Run[]>();

  /** `now`: milliseconds, monotonic. */
  constructor(chainId: bigint, now: () => number) {
    this.#chainId = chainId;
    this.#now = now;
  }

  /** Takes note of what a member acknowledged; gives the answer with `pending` nonces that count it. */
  settle(request: Uint8Array, answer: Buffer): Buffer {
    const text = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
    if (text.includes(REVERT)) this.#known.clear();
    if (!text.includes(SEND) && !text.includes(COUNT)) return answer;
    const asked = itemsOf(parse(text));
    if (asked.filter(({ method }) => method === SEND).length > MAX_NOTED) return answer;
    const parsed = parse(answer);
    const answers = itemsOf(parsed);
    let changed = false;
    const settled = answers.map((item) => {
      const question = asked.find(({ id }) => id === item["id"]);
      const raised = question === undefined ? undefined : this.#settleOne(question, item["result"]);
      if (raised === undefined) return item;
      changed = true;
      return { ...item, result: raised };
    });
    return changed ? Buffer.from(JSON.stringify(Array.isArray(parsed) ? settled : settled[0])) : answer;
  }

  /** The result in place of the member's, where it has to be another. */
  #settleOne({ method, params }: Fields, result: unknown): string | undefined {
    if (!Array.isArray(params) || typeof result !== "string") return undefined;
    if (method === SEND) this.#note(params[0]);
    if (method !== COUNT || params[1] !== "pending" || typeof params[0] !== "string") return undefined;
    const counted = parseQuantity(result, 64);
    const runs = this.#current(params[0].toLowerCase());
    if (runs.length === 0 || !("value" in counted)) return undefined;
    const run = runs.find(({ first, next }) => first <= counted.value && counted.value < next);
    return run === undefined ? undefined : quantity(run.next);
  }

  #current(sender: string): readonly Run[] {
    const now = this.#now();
    return (this.#known.get(sender) ?? []).filter(({ until }) => until >= now);
  }

  #note(raw: unknown): void {
    const bytes = parseData(raw);
    const decoded = "value" in bytes ? decodeTransaction(bytes.value, this.#chainId) : undefined;
    if (decoded?.ok !== true) return;
    const { digest, r, s, yParity, nonce } = decoded.transaction;
    const sender = recoverAddress(digest, r, s, yParity);
    if (sender === undefined) return;
    const name = data(sender);
    const runs = withNonce(this.#current(name), nonce, this.#now() + REMEMBERED_MS);
    this.#known.delete(name);
    this.#known.set(name, runs.slice(-MAX_RUNS));
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_SENDERS) break;
      this.#known.delete(oldest);
    }
  }
}

/** Apart from each other, the one that was touched last at the end. */
function withNonce(runs: readonly Run[], nonce: bigint, until: number): readonly Run[] {
  const touches = ({ first, next }: Run): boolean => first <= nonce + 1n && nonce <= next;
  let [first, next] = [nonce, nonce + 1n];
  for (const run of runs.filter(touches)) {
    if (run.first < first) first = run.first;
    if (run.next > next) next = run.next;
  }
  return [...runs.filter((run) => !touches(run)), { first, next, until }];
}

function itemsOf(parsed: unknown): readonly Fields[] {
  const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return items.filter((item): item is Fields => typeof item === "object" && item !== null);
}

function parse(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString("utf8"));
  } catch {
    return undefined;
  }
}
