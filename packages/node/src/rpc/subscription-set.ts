import { randomBytes } from "node:crypto";
import type { BlockEvent, ChainReader, EthereumBlock, EthereumTransaction, LocatedLog } from "@tributary/chain";
import type { MemberView } from "./backend.ts";
import { CatchUp } from "./catch-up.ts";
import { data } from "./hex.ts";
import { type LogMatch, matches } from "./log-filter.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";
import { headerShape } from "./shape/block.ts";
import { logShape } from "./shape/log.ts";
import { receiptShape } from "./shape/receipt.ts";
import { transactionShape } from "./shape/transaction.ts";
import { syncingShape } from "./syncing.ts";

/** What a socket may subscribe to. */
export type Topic =
  /** `from`: the block to begin with, where a client catches up. */
  | { readonly kind: "newHeads"; readonly from: number | undefined }
  | { readonly kind: "logs"; readonly match: LogMatch; readonly from: number | undefined }
  | { readonly kind: "newPendingTransactions"; readonly full: boolean }
  /** Hashes in hexadecimal; undefined for all transactions. */
  | { readonly kind: "transactionReceipts"; readonly hashes: ReadonlySet<string> | undefined }
  | { readonly kind: "syncing" };

/** What methods need of a socket's subscriptions. */
export type Subscriber = Pick<SubscriptionSet, "add" | "remove">;

type Subscription = {
  readonly topic: Topic;
  /** Messages held until the client knows the subscription's id; undefined once it does. */
  held: string[] | undefined;
  /** Of one that began with a block: where it is. */
  readonly catchUp: CatchUp | undefined;
};

/** Where messages go. */
export type SubscriptionSink = {
  send(text: string): void;
  /** Resolves once more may be sent. */
  writable(): Promise<void>;
  /** Ends the connection: a subscription cannot go on without a gap. */
  fail(error: unknown): void;
};

/** Messages that one subscription may hold before its id is out: the answer is already on its way. */
const MAX_HELD = 1_000;

const NO_HASH = new Uint8Array(32);

// One text per block, log and receipt, however many sockets want it.
const headTexts = new WeakMap<EthereumBlock, string>();
const logTexts = new WeakMap<LocatedLog, string>();
/** In the block's order. */
const receiptTexts = new WeakMap<EthereumBlock, readonly string[]>();

/** The subscriptions of one socket to one chain. */
export class SubscriptionSet {
  readonly #chain: ChainReader;
  readonly #member: MemberView;
  readonly #sink: SubscriptionSink;
  readonly #limit: number;
  readonly #subscriptions = new Map<string, Subscription>();
  #stopBlocks: (() => void) | undefined;
  #stopPending: (() => void) | undefined;
  #syncing = false;

  constructor(chain: ChainReader, member: MemberView, limit: number, sink: SubscriptionSink) {
    this.#chain = chain;
    this.#member = member;
    this.#limit = limit;
    this.#sink = sink;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** The new subscription's id. Its messages wait until `release`. */
  add(topic: Topic): string {
    if (this.#subscriptions.size >= this.#limit) {
      throw new RpcError(RPC_CODE.limitExceeded, `too many subscriptions: at most ${this.#limit} on one connection`);
    }
    const id = data(randomBytes(16));
    this.#subscriptions.set(id, { topic, held: [], catchUp: this.#catchUp(id, topic) });
    if (topic.kind === "newPendingTransactions") {
      this.#stopPending ??= this.#chain.onPendingTransaction((transaction) => this.#pending(transaction));
    } else {
      this.#stopBlocks ??= this.#chain.onBlock((event) => this.#block(event));
    }
    if (topic.kind === "syncing") this.#syncing = this.#member.status().status === "syncing";
    return id;
  }

  remove(id: string): boolean {
    const removed = this.#subscriptions.delete(id);
    this.#releaseListeners();
    return removed;
  }

  /** The answer with these ids is out: what was held goes out too. */
  release(ids: readonly string[]): void {
    for (const id of ids) {
      const subscription = this.#subscriptions.get(id);
      if (subscription === undefined) continue;
      const held = subscription.held ?? [];
      subscription.held = undefined;
      for (const text of held) this.#sink.send(text);
      subscription.catchUp?.run();
    }
  }

  close(): void {
    this.#subscriptions.clear();
    this.#releaseListeners();
  }

  /** Where the topic names a block to begin with: what brings its client from there to the live events. */
  #catchUp(id: string, topic: Topic): CatchUp | undefined {
    if ((topic.kind !== "newHeads" && topic.kind !== "logs") || topic.from === undefined) return undefined;
    return new CatchUp(this.#chain, topic.from, topic.kind === "logs" ? topic.match : undefined, {
      writable: () => this.#sink.writable(),
      isOpen: () => this.#subscriptions.has(id),
      block: (block) => this.#past(id, headText(block)),
      log: (log) => this.#past(id, JSON.stringify(logShape(log))),
      fail: (error) => this.#sink.fail(error),
    });
  }

  #past(id: string, result: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription !== undefined) this.#deliver(id, subscription, result);
  }

  #block(event: BlockEvent): void {
    const syncing = this.#member.status().status === "syncing";
    const turned = syncing !== this.#syncing;
    this.#syncing = syncing;
    for (const [id, subscription] of this.#subscriptions) {
      const { topic, catchUp } = subscription;
      if (catchUp !== undefined && !catchUp.takes(event.block.header.number)) continue;
      if (topic.kind === "newHeads") this.#deliver(id, subscription, headText(event.block));
      else if (topic.kind === "syncing" && turned) this.#deliver(id, subscription, this.#syncingText());
      else if (topic.kind === "transactionReceipts") this.#receipts(id, subscription, event.block, topic.hashes);
      else if (topic.kind === "logs") {
        for (const log of event.logs) {
          if (matches(log.log, topic.match)) this.#deliver(id, subscription, logText(log));
        }
      }
    }
  }

  /** One message a block, where it holds any that are wanted: geth's shape. */
  #receipts(
    id: string,
    subscription: Subscription,
    block: EthereumBlock,
    hashes: ReadonlySet<string> | undefined,
  ): void {
    const isWanted = (hash: Uint8Array): boolean => hashes === undefined || hashes.has(data(hash));
    if (!block.transactionHashes.some(isWanted)) return;
    const texts = this.#receiptTexts(block).filter((_, index) => isWanted(block.transactionHashes[index] ?? NO_HASH));
    this.#deliver(id, subscription, `[${texts.join(",")}]`);
  }

  #receiptTexts(block: EthereumBlock): readonly string[] {
    const known = receiptTexts.get(block);
    if (known !== undefined) return known;
    const receipts = this.#chain.receipts(block.header.number) ?? [];
    const texts = receipts.map((receipt) => JSON.stringify(receiptShape(receipt)));
    receiptTexts.set(block, texts);
    return texts;
  }

  #pending(transaction: EthereumTransaction): void {
    for (const [id, subscription] of this.#subscriptions) {
      const { topic } = subscription;
      if (topic.kind !== "newPendingTransactions") continue;
      const result = topic.full ? transactionShape(transaction, undefined) : data(transaction.hash);
      this.#deliver(id, subscription, JSON.stringify(result));
    }
  }

  #syncingText(): string {
    const status = syncingShape(this.#member.status());
    return JSON.stringify(status === false ? false : { syncing: true, status });
  }

  #deliver(id: string, subscription: Subscription, result: string): void {
    const text = `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"${id}","result":${result}}}`;
    if (subscription.held === undefined) this.#sink.send(text);
    else if (subscription.held.length < MAX_HELD) subscription.held.push(text);
  }

  #releaseListeners(): void {
    let blocks = false;
    let pending = false;
    for (const { topic } of this.#subscriptions.values()) {
      if (topic.kind === "newPendingTransactions") pending = true;
      else blocks = true;
    }
    if (!blocks) {
      this.#stopBlocks?.();
      this.#stopBlocks = undefined;
    }
    if (!pending) {
      this.#stopPending?.();
      this.#stopPending = undefined;
    }
  }
}

function headText(block: EthereumBlock): string {
  let text = headTexts.get(block);
  if (text === undefined) {
    text = JSON.stringify(headerShape(block.header, block.hash));
    headTexts.set(block, text);
  }
  return text;
}

function logText(log: LocatedLog): string {
  let text = logTexts.get(log);
  if (text === undefined) {
    text = JSON.stringify(logShape(log));
    logTexts.set(log, text);
  }
  return text;
}
