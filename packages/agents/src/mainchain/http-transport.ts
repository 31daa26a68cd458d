import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { type CustomTransport, custom, HttpRequestError, RpcRequestError, TimeoutError } from "viem";

/** Bytes of one answer; the logs of a range are a small part of this. */
const MAX_ANSWER_BYTES: number = 64 * 1024 * 1024;
/** Calls of one request. */
const MAX_BATCH = 100;
const MAX_CONNECTIONS = 8;

type Call = { readonly method: string; readonly params?: unknown };
type Waiting = {
  readonly call: Call;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
};
type RpcFailure = { readonly code: number; readonly message: string; readonly data?: unknown };
type Answer = { readonly id?: unknown; readonly result?: unknown; readonly error?: RpcFailure | null };

/**
 * A transport of viem over `node:http`, for a node that asks every second for years: viem's own goes through `fetch`,
 * whose streams and signals cost more than twice the processor time. Calls that are made together share a request. Errors
 * are those of viem's own transport. Follows no redirection.
 */
export function httpTransport(url: string, timeoutMs: number): CustomTransport {
  const endpoint = new Endpoint(url, timeoutMs);
  return custom({ request: (call: Call) => endpoint.call(call) }, { retryCount: 0 });
}

class Endpoint {
  readonly #url: URL;
  readonly #timeoutMs: number;
  readonly #request: typeof requestHttp;
  readonly #agent: HttpAgent;
  #waiting: Waiting[] = [];
  #id = 0;

  constructor(url: string, timeoutMs: number) {
    this.#url = new URL(url);
    this.#timeoutMs = timeoutMs;
    const secure = this.#url.protocol === "https:";
    this.#request = secure ? requestHttps : requestHttp;
    const settings = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
    this.#agent = secure ? new HttpsAgent(settings) : new HttpAgent(settings);
  }

  call(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#sendAll());
      this.#waiting.push({ call, resolve, reject });
    });
  }

  #sendAll(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let first = 0; first < all.length; first += MAX_BATCH) void this.#send(all.slice(first, first + MAX_BATCH));
  }

  async #send(waiting: readonly Waiting[]): Promise<void> {
    const calls = waiting.map((one) => ({ ...one, body: { jsonrpc: "2.0", id: ++this.#id, ...one.call } }));
    const bodies = calls.map(({ body }) => body);
    const url = this.#url.href;
    try {
      const answers = await this.#post(JSON.stringify(bodies.length === 1 ? bodies[0] : bodies));
      const byId = new Map(answers.map((answer) => [answer.id, answer]));
      // Who refuses a request as a whole names no call.
      const refusal = byId.get(null) ?? byId.get(undefined);
      for (const { body, resolve, reject } of calls) {
        const { result, error } = byId.get(body.id) ?? refusal ?? {};
        if (error !== undefined && error !== null) reject(new RpcRequestError({ body, error, url }));
        else if (result !== undefined) resolve(result);
        else reject(new HttpRequestError({ body, details: "the call was not answered", url }));
      }
    } catch (error) {
      for (const { body, reject } of calls) reject(shown(error, body, url));
    }
  }

  /** A server may close a connection that was at rest just when it is used again: then once more. */
  async #post(body: string): Promise<readonly Answer[]> {
    try {
      return await this.#exchange(body);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      return await this.#exchange(body);
    }
  }

  #exchange(body: string): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const request = this.#request(this.#url, { method: "POST", agent: this.#agent, headers });
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
        request.destroy();
      };
      const timer = setTimeout(() => fail(new TimedOut()), this.#timeoutMs);
      request.on("error", (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        fail(stale ? new StaleConnection() : error);
      });
      request.on("response", (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on("data", (part: Buffer) => {
          bytes += part.length;
          parts.push(part);
          if (bytes > MAX_ANSWER_BYTES) fail(new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`));
        });
        response.on("error", fail);
        response.on("end", () => {
          clearTimeout(timer);
          try {
            resolve(parse(response, Buffer.concat(parts).toString("utf8")));
          } catch (error) {
            reject(error);
          }
        });
      });
      request.end(body);
    });
  }
}

class StaleConnection extends Error {}
class TimedOut extends Error {}
class BadStatus extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function parse({ statusCode = 0, statusMessage = "" }: IncomingMessage, text: string): readonly Answer[] {
  if (statusCode < 200 || statusCode > 299) throw new BadStatus(statusCode, `${statusMessage} ${text.slice(0, 200)}`);
  const value: unknown = JSON.parse(text);
  return (Array.isArray(value) ? value : [value]).filter((answer) => typeof answer === "object" && answer !== null);
}

function shown(error: unknown, body: Call, url: string): Error {
  if (error instanceof TimedOut) return new TimeoutError({ body, url });
  const details = error instanceof Error ? error.message : String(error);
  return new HttpRequestError({ body, details, url, ...(error instanceof BadStatus ? { status: error.status } : {}) });
}
