import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { AddressShares } from "./address-shares.ts";
import type { ChainBackend } from "./backend.ts";
import { BatchAnswer, type Outcome } from "./batch-answer.ts";
import type { ChainBudget } from "./budget.ts";
import type { ChainEndpoint, HttpAnswer } from "./chain-door.ts";
import type { ClientSocket } from "./client-socket.ts";
import { FilterRegistry } from "./filter-registry.ts";
import { nestsDeeper } from "./json-depth.ts";
import {
  type Answer,
  errorText,
  type ReadRequest,
  type RequestId,
  type RpcRequest,
  readRequest,
  resultText,
  retryAfterOf,
} from "./json-rpc.ts";
import {
  BATCH_TIMEOUT_MS,
  MAX_BATCH_ANSWER_BYTES,
  MAX_BATCH_ITEMS,
  MAX_JSON_DEPTH,
  REFUSAL_DELAY_MS,
  type ServerLimits,
} from "./limits.ts";
import type { SliceLine } from "./loop-slices.ts";
import type { MethodContext } from "./method.ts";
import { methods } from "./method-table.ts";
import type { RpcMetrics } from "./metrics.ts";
import { Params } from "./params.ts";
import { LimitError, RPC_CODE, RpcError } from "./rpc-error.ts";
import { type Subscriber, SubscriptionSet } from "./subscription-set.ts";
import { toRpcError } from "./to-rpc-error.ts";
import { BODY_UNITS, BYTES_PER_UNIT, weightOf } from "./weights.ts";
import { withTimeout } from "./with-timeout.ts";

/** Bytes above which a body is not parsed when the chain's budget is spent. */
const LARGE_BODY_BYTES = 65_536;
/** Transactions of a batch that are taken in at a time: a tenth of a millisecond each, and one wait for the disk. */
const MAX_SENT_TOGETHER = 16;

/** Seconds after which a node that was too busy for a request may have time for it. */
const RETRY_SECONDS = 1;

/** Whom an answer is for. */
export type Caller = {
  /** Remote address. */
  readonly address: string;
  /** Only over a WebSocket. */
  readonly subscriptions: Subscriber | undefined;
  /** Aborted once nobody waits for the answer. */
  readonly gone: AbortSignal;
};

export type ServedChainParts = {
  readonly backend: ChainBackend;
  readonly budget: ChainBudget;
  /** Where its requests wait for their slice of the event loop. */
  readonly line: SliceLine;
  readonly metrics: RpcMetrics;
  readonly logger: Logger;
  readonly clientVersion: string;
  readonly limits: ServerLimits;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
};

/** One chain of the server: turns request texts into answer texts within the chain's budget. */
export class ServedChain implements ChainEndpoint {
  readonly backend: ChainBackend;
  readonly budget: ChainBudget;
  readonly filters: FilterRegistry;
  readonly #parts: ServedChainParts;
  readonly #label: string;
  readonly #shares: AddressShares;

  constructor(parts: ServedChainParts) {
    this.backend = parts.backend;
    this.budget = parts.budget;
    this.filters = new FilterRegistry(parts.backend.chain, parts.now);
    this.#parts = parts;
    this.#shares = new AddressShares(parts.budget, parts.now);
    this.#label = parts.backend.chain.chainId.toString();
  }

  close(): void {
    this.filters.close();
  }

  async post(body: Uint8Array, address: string, gone: AbortSignal): Promise<HttpAnswer> {
    const { text, retryAfter, limited } = await this.answer(body, { address, subscriptions: undefined, gone });
    if (limited) await delay(REFUSAL_DELAY_MS);
    if (retryAfter === undefined) return { status: 200, retryAfter: undefined, body: text };
    return { status: 429, retryAfter: String(retryAfter), body: text };
  }

  connect(socket: ClientSocket): void {
    const { chain, member } = this.backend;
    const subscriptions = new SubscriptionSet(chain, member, this.#parts.limits.subscriptionsPerSocket, {
      send: (text) => socket.send(text),
      writable: () => socket.writable(),
      fail: (error) => {
        this.#parts.logger.warn({ err: error }, "a subscription could not catch up");
        socket.terminate();
      },
    });
    socket.gone.addEventListener("abort", () => subscriptions.close(), { once: true });
    socket.serve(async (message) => {
      const opened: string[] = [];
      const subscriber: Subscriber = {
        add: (topic) => {
          const id = subscriptions.add(topic);
          opened.push(id);
          return id;
        },
        remove: (id) => subscriptions.remove(id),
      };
      const { text, limited } = await this.answer(message, {
        address: socket.address,
        subscriptions: subscriber,
        gone: socket.gone,
      });
      if (limited) await delay(REFUSAL_DELAY_MS);
      if (text !== undefined) socket.send(text);
      subscriptions.release(opened);
    });
  }

  /** Answers one request body or WebSocket message. Never throws. */
  async answer(body: Uint8Array, caller: Caller): Promise<Answer> {
    const wait = this.#takeFor(body, caller);
    // Not even parsed: the caller learns its id's fate from the HTTP status.
    if (wait > 0) return { text: errorText(null, spent(wait)), retryAfter: wait, limited: true };
    if (!(await this.#parts.line.enter())) {
      return { text: errorText(null, busy), retryAfter: RETRY_SECONDS, limited: true };
    }
    if (nestsDeeper(body, MAX_JSON_DEPTH)) {
      return refusal(new RpcError(RPC_CODE.invalidRequest, `request nested deeper than ${MAX_JSON_DEPTH} levels`));
    }
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    } catch {
      return refusal(new RpcError(RPC_CODE.parse, "parse error: the request is not JSON"));
    }
    if (Array.isArray(value)) return this.#batch(value, caller);
    const outcome = await this.#answerOne(readRequest(value), caller, BODY_UNITS);
    const retryAfter = outcome.error === undefined ? undefined : retryAfterOf(outcome.error);
    return { text: outcome.text, retryAfter, limited: retryAfter !== undefined };
  }

  /** Reading a large body is work that a spent budget refuses; a small one is read, so that the refusal has its id. */
  #takeFor(body: Uint8Array, { address }: Caller): number {
    const units = body.length / BYTES_PER_UNIT;
    if (body.length > LARGE_BODY_BYTES) return this.#shares.take(address, units);
    this.#shares.charge(address, units);
    return 0;
  }

  async #batch(items: readonly unknown[], caller: Caller): Promise<Answer> {
    if (items.length === 0) return refusal(new RpcError(RPC_CODE.invalidRequest, "empty batch"));
    if (items.length > MAX_BATCH_ITEMS) {
      return refusal(
        new RpcError(
          RPC_CODE.invalidRequest,
          `batch too large: at most ${MAX_BATCH_ITEMS} requests, got ${items.length}`,
        ),
      );
    }
    const deadline = this.#parts.now() + BATCH_TIMEOUT_MS;
    const answer = new BatchAnswer();
    const wait = this.#shares.take(caller.address, BODY_UNITS);
    if (wait > 0) {
      for (const item of items) answer.add(this.#turnedAway(readRequest(item), spent(wait)));
      return answer.answer();
    }
    let sent: Promise<Outcome>[] = [];
    let entered = true;
    let waited = 0;
    // One after the other: answers keep the order, and nonces of one sender arrive in theirs. Transactions in a row are
    // taken in in their order too, but wait for the disk together.
    for (const [index, item] of items.entries()) {
      if (caller.gone.aborted) break;
      const isNext = sent.length === 0;
      // The body itself has entered with its first request.
      if (isNext && index > 0 && entered) {
        const from = this.#parts.now();
        entered = await this.#parts.line.enter(waited);
        waited += this.#parts.now() - from;
      }
      if (isNext && entered) {
        const run = transactionsAt(items, index);
        sent = run.map((request) => this.#answerItem(request, caller, answer.size, deadline));
      }
      const [first, ...others] = sent;
      sent = others;
      if (entered) answer.add(await (first ?? this.#answerItem(readRequest(item), caller, answer.size, deadline)));
      else answer.add(this.#turnedAway(readRequest(item), busy));
    }
    return answer.answer();
  }

  /** What comes of a request that is not even looked at. */
  #turnedAway(read: ReadRequest, error: LimitError): Outcome {
    this.#parts.metrics.request(this.#label, "unknown", error.code, 0);
    return failed(read.kind === "request" ? read.request.id : read.id, error);
  }

  async #answerItem(read: ReadRequest, caller: Caller, bytes: number, deadline: number): Promise<Outcome> {
    const id = read.kind === "request" ? read.request.id : read.id;
    if (bytes > MAX_BATCH_ANSWER_BYTES) return failed(id, new RpcError(RPC_CODE.tooLarge, "response too large"));
    if (this.#parts.now() > deadline) return failed(id, new RpcError(RPC_CODE.timeout, "request timed out"));
    const outcome = await this.#answerOne(read, caller);
    if (outcome.text !== undefined && bytes + outcome.text.length > MAX_BATCH_ANSWER_BYTES) {
      return failed(id, new RpcError(RPC_CODE.tooLarge, "response too large"));
    }
    return outcome;
  }

  /** `units`: to charge beside the method's own. */
  async #answerOne(read: ReadRequest, caller: Caller, units = 0): Promise<Outcome> {
    if (read.kind === "invalid") {
      this.#parts.metrics.request(this.#label, "invalid", read.error.code, 0);
      return failed(read.id, read.error);
    }
    const { request } = read;
    const startedAt = this.#parts.now();
    let outcome: Outcome;
    try {
      const result = await this.#run(request, caller, units);
      const text = request.id === undefined ? undefined : resultText(request.id, result);
      this.#shares.charge(caller.address, (text?.length ?? 0) / BYTES_PER_UNIT);
      outcome = { text, error: undefined };
    } catch (error) {
      outcome = failed(request.id, toRpcError(error, this.#parts.logger, request.method));
    }
    const name = methods.has(request.method) ? request.method : "unknown";
    const seconds = (this.#parts.now() - startedAt) / 1_000;
    this.#parts.metrics.request(this.#label, name, outcome.error?.code ?? 0, seconds);
    return outcome;
  }

  #run(request: RpcRequest, caller: Caller, units: number): unknown {
    const wait = this.#shares.take(caller.address, units + weightOf(request.method));
    if (wait > 0) throw spent(wait);
    const method = methods.get(request.method);
    if (method === undefined) {
      const name = request.method.slice(0, 128);
      throw new RpcError(RPC_CODE.methodNotFound, `the method ${name} does not exist/is not available`);
    }
    const context: MethodContext = {
      chain: this.backend.chain,
      member: this.backend.member,
      filters: this.filters,
      subscriptions: caller.subscriptions,
      charge: (units) => this.#shares.charge(caller.address, units),
      clientVersion: this.#parts.clientVersion,
    };
    const result = method.run(new Params(request.params), context);
    return result instanceof Promise ? withTimeout(result, this.#parts.limits.callMilliseconds) : result;
  }
}

/** Transactions to take in, in a row from `index` on. */
function transactionsAt(items: readonly unknown[], index: number): readonly ReadRequest[] {
  const run: ReadRequest[] = [];
  for (const item of items.slice(index, index + MAX_SENT_TOGETHER)) {
    const read = readRequest(item);
    if (read.kind !== "request" || read.request.method !== "eth_sendRawTransaction") break;
    run.push(read);
  }
  return run;
}

/** Made once each: under load there are thousands a second, and an error looks at the stack. */
const spentErrors = new Map<number, LimitError>();
const busy = new LimitError(`limit exceeded: this node has too much to do, retry in ${RETRY_SECONDS} s`, RETRY_SECONDS);
const MAX_SPENT_ERRORS = 1_000;

function spent(wait: number): LimitError {
  const known = spentErrors.get(wait);
  if (known !== undefined) return known;
  const text = `limit exceeded: this chain's request budget on this node is spent, retry in ${wait} s`;
  const error = new LimitError(text, wait);
  if (spentErrors.size < MAX_SPENT_ERRORS) spentErrors.set(wait, error);
  return error;
}

function failed(id: RequestId | undefined, error: RpcError): Outcome {
  return { text: id === undefined ? undefined : errorText(id, error), error };
}

/** The answer to a body that holds no request that could be named. */
function refusal(error: RpcError): Answer {
  return { text: errorText(null, error), retryAfter: undefined, limited: false };
}
