import { isRateLimit } from "./wording.ts";

export type RpcCall = { readonly method: string; readonly params: readonly unknown[] };

export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: number; readonly message: string; readonly data: unknown };

/** No endpoint answers, or what answers makes no sense: to be asked again later. */
export class RpcUnreachable extends Error {
  override readonly name = "RpcUnreachable";
}

export type RpcOptions = {
  readonly urls: readonly string[];
  /** Milliseconds until an endpoint that has not answered counts as lost. */
  readonly timeoutMs: number;
  /** Calls in one HTTP request. */
  readonly maxBatch: number;
};

type Endpoint = { readonly url: string; restUntil: number; failures: number };

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 30_000;

/**
 * JSON-RPC in batches over one or more endpoints of one chain. One is used until it fails or asks for patience (429,
 * 503, -32005); it then rests and the next one is used. Whoever names a lane begins with the endpoint of that number,
 * so that work which bears it is spread over all of them. What is asked must bear to be asked twice, as an endpoint may
 * have done what it did not answer.
 */
export class RpcClient {
  readonly #options: RpcOptions;
  readonly #endpoints: readonly Endpoint[];
  readonly #closed = new AbortController();
  #current = 0;

  constructor(options: RpcOptions) {
    if (options.urls.length === 0) throw new RangeError("no endpoint");
    this.#options = options;
    this.#endpoints = options.urls.map((url) => ({ url, restUntil: 0, failures: 0 }));
  }

  close(): void {
    this.#closed.abort();
  }

  /** Whether lanes lead to several endpoints. */
  get isSpread(): boolean {
    return this.#endpoints.length > 1;
  }

  /** Milliseconds until an endpoint is ready; 0 when one is. */
  get restMs(): number {
    return Math.max(0, Math.min(...this.#endpoints.map(({ restUntil }) => restUntil)) - Date.now());
  }

  /** Does `work` again while no endpoint answers, for at most `ms`. */
  async patiently<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const end = Date.now() + ms;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const wait = Math.max(50, this.restMs);
        if (!(error instanceof RpcUnreachable) || this.#closed.signal.aborted || Date.now() + wait > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  async call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const [answer] = await this.batch([{ method, params }]);
    if (answer?.ok !== true) throw new RpcUnreachable(`${method}: ${answer?.message ?? "no answer"}`);
    return answer.result;
  }

  /** The answers in the order of the calls, each piece of at most `maxBatch` of them from one endpoint. */
  async batch(calls: readonly RpcCall[], lane?: number): Promise<RpcAnswer[]> {
    const answers: RpcAnswer[] = [];
    for (let from = 0; from < calls.length; from += this.#options.maxBatch) {
      answers.push(...(await this.#piece(calls.slice(from, from + this.#options.maxBatch), false, lane)));
    }
    return answers;
  }

  /** One endpoint, one try: whoever broadcasts must know whether an answer was lost before another one refused. */
  async once(calls: readonly RpcCall[], lane?: number): Promise<RpcAnswer[]> {
    return await this.#piece(calls, true, lane);
  }

  /**
   * Tries all endpoints that do not rest, or one of them only. Items that an endpoint has no room for go to the next
   * one, and are refused at last: the answers to the others count, or a batch beyond a budget would never get through.
   */
  async #piece(calls: readonly RpcCall[], once: boolean, lane: number | undefined): Promise<RpcAnswer[]> {
    const most = once ? 1 : this.#endpoints.length;
    const answers = new Array<RpcAnswer | undefined>(calls.length).fill(undefined);
    let open = calls.map((_, index) => index);
    let last: unknown;
    for (let tries = 0; tries < most && open.length > 0; tries++) {
      const endpoint = this.#ready(lane);
      if (endpoint === undefined || this.#closed.signal.aborted) break;
      try {
        const asked = open;
        const got = await this.#post(
          endpoint,
          asked.map((index) => calls[index] as RpcCall),
        );
        for (const [place, index] of asked.entries()) answers[index] = got[place];
        open = asked.filter((index) => isLimited(answers[index]));
        // An endpoint that answers in part is well: it gets a breath, and no longer one each time.
        if (open.length < asked.length) endpoint.failures = 0;
        if (open.length > 0) this.#rest(endpoint, 0);
      } catch (error) {
        last = error;
        this.#rest(endpoint, error instanceof Patience ? error.ms : 0);
      }
    }
    // Whoever broadcasts has to know that all were refused; whoever only asks is to wait.
    const nothing = answers.every((answer) => answer === undefined || isLimited(answer));
    if (answers[0] === undefined || (nothing && !once)) {
      throw new RpcUnreachable("no endpoint answers", { cause: last });
    }
    return answers as RpcAnswer[];
  }

  /** `ms`: what the endpoint itself asks for; where it says nothing, the pause grows from time to time. */
  #rest(endpoint: Endpoint, ms: number): void {
    const pause = ms > 0 ? ms : FIRST_REST_MS * 2 ** Math.min(endpoint.failures++, 10);
    endpoint.restUntil = Date.now() + Math.min(LONGEST_REST_MS, pause);
  }

  #ready(lane: number | undefined): Endpoint | undefined {
    const now = Date.now();
    for (let step = 0; step < this.#endpoints.length; step++) {
      const index = ((lane ?? this.#current) + step) % this.#endpoints.length;
      const endpoint = this.#endpoints[index];
      if (endpoint === undefined || endpoint.restUntil > now) continue;
      if (lane === undefined) this.#current = index;
      return endpoint;
    }
    return undefined;
  }

  async #post(endpoint: Endpoint, calls: readonly RpcCall[]): Promise<RpcAnswer[]> {
    const body = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(this.#options.timeoutMs)]),
    });
    if (response.status === 429 || response.status === 503) {
      await response.body?.cancel();
      throw new Patience(Number(response.headers.get("retry-after")) * 1000 || 0);
    }
    const text = await boundedText(response);
    return answersOf(text, calls.length);
  }
}

function isLimited(answer: RpcAnswer | undefined): boolean {
  return answer?.ok === false && isRateLimit(answer.code, answer.message);
}

/** The endpoint asks to be left alone for a while. */
class Patience extends Error {
  readonly ms: number;

  constructor(ms: number) {
    super("rate limited");
    this.ms = Math.min(Math.max(ms, 0), LONGEST_REST_MS);
  }
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += (part as Uint8Array).length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
    parts.push(part as Uint8Array);
  }
  return Buffer.concat(parts).toString("utf8");
}

function answersOf(text: string, count: number): RpcAnswer[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new Error("the answer to a batch is no list");
  const answers = new Array<RpcAnswer | undefined>(count).fill(undefined);
  for (const item of parsed) {
    const { id, result, error } = (item ?? {}) as { id?: unknown; result?: unknown; error?: unknown };
    if (typeof id !== "number" || !(id in answers)) continue;
    answers[id] = error === undefined || error === null ? { ok: true, result } : refusalOf(error);
  }
  return answers.map((answer) => {
    if (answer === undefined) throw new Error("an answer is missing");
    return answer;
  });
}

function refusalOf(error: unknown): RpcAnswer {
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
  return {
    ok: false,
    code: typeof code === "number" ? code : 0,
    message: typeof message === "string" ? message.slice(0, 2_000) : "",
    data,
  };
}
