import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { isDone, type Job } from "../job.ts";
import { callOf } from "../pool/request.ts";
import type { SigningPool } from "../pool/signing-pool.ts";
import { PoolError, type PoolErrorCode } from "../pool-error.ts";
import { type Caller, type CallerConfig, Callers } from "./callers.ts";
import { jobView, submissionOf } from "./messages.ts";
import type { PoolMetrics } from "./pool-metrics.ts";

export type AuthorityServerOptions = {
  readonly pool: SigningPool;
  readonly metrics: PoolMetrics;
  readonly callers: readonly CallerConfig[];
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
};

const MAX_BODY_BYTES = 512 * 1024;
/** Open streams of events: of one caller, and of all. */
const STREAMS_OF_CALLER = 100;
const MAX_STREAMS = 1_000;
const HEARTBEAT_MS = 15_000;
/** Milliseconds that a request with `wait` is held open at most. */
const LONGEST_WAIT_MS = 60_000;

const STATUS: Readonly<Partial<Record<PoolErrorCode, number>>> = {
  BAD_REQUEST: 400,
  UNKNOWN_JOB: 404,
  IDEMPOTENCY_CONFLICT: 409,
  QUEUE_FULL: 503,
  CLOSED: 503,
};

/** An answer other than success; its message goes to the caller. */
class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** The pool over HTTP, for machines with API keys. */
export class AuthorityServer {
  readonly #options: AuthorityServerOptions;
  readonly #callers: Callers;
  readonly #app: FastifyInstance;
  /** End what is held open: streams of events and requests that wait. */
  readonly #ends = new Set<() => void>();
  #streams = 0;
  #draining = false;

  private constructor(options: AuthorityServerOptions) {
    this.#options = options;
    this.#callers = new Callers(options.callers, Date.now());
    this.#app = Fastify({ bodyLimit: MAX_BODY_BYTES, logger: false, requestTimeout: 30_000 });
    this.#app.setErrorHandler((error, _request, reply) => answerError(error, reply));
    this.#app.setNotFoundHandler((_request, reply) =>
      answerError(new Refusal(404, "NOT_FOUND", "no such path"), reply),
    );
    this.#routes();
  }

  static async start(options: AuthorityServerOptions): Promise<AuthorityServer> {
    const server = new AuthorityServer(options);
    await server.#app.listen({ host: options.host, port: options.port });
    return server;
  }

  get port(): number {
    const address = this.#app.server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** Takes no more transactions; what is followed can be followed on. */
  drain(): void {
    this.#draining = true;
  }

  async close(): Promise<void> {
    this.#draining = true;
    for (const end of [...this.#ends]) end();
    await this.#app.close();
  }

  #routes(): void {
    const { pool, metrics } = this.#options;
    this.#app.get("/health", async () => ({ status: "ok" }));
    this.#app.get("/ready", async (_request, reply) => {
      const { head, open, signers } = pool.status();
      const ready = !this.#draining && pool.isReady;
      const active = signers.filter(({ role, state, dry }) => role === "worker" && state === "active" && !dry).length;
      return await reply.code(ready && active > 0 ? 200 : 503).send({ ready: ready && active > 0, head, open, active });
    });
    this.#app.get("/metrics", async (_request, reply) => {
      return await reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    });
    this.#app.post("/v1/transactions", async (request, reply) => await this.#submit(request, reply));
    this.#app.get("/v1/transactions/:id", async (request) => jobView(this.#ownJob(request, this.#caller(request))));
    this.#app.get("/v1/transactions/:id/events", (request, reply) => {
      const caller = this.#caller(request);
      this.#stream(caller, this.#ownJob(request, caller), reply);
    });
  }

  #caller(request: FastifyRequest): Caller {
    const caller = this.#callers.find(request.headers.authorization);
    if (caller === undefined) throw new Refusal(401, "UNAUTHORIZED", "an API key is needed: Authorization: Bearer KEY");
    const seconds = caller.spend(Date.now());
    if (seconds > 0) throw new Refusal(429, "RATE_LIMITED", "more requests than the key's rate allows", seconds);
    return caller;
  }

  /** Another caller's job is no job. */
  #ownJob(request: FastifyRequest, caller: Caller): Job {
    const { id } = request.params as { readonly id: string };
    const job = this.#options.pool.job(id);
    if (job === undefined || job.owner !== caller.name) throw new Refusal(404, "UNKNOWN_JOB", "there is no such job");
    return job;
  }

  async #submit(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const caller = this.#caller(request);
    if (this.#draining) throw new Refusal(503, "DRAINING", "the server takes no more transactions", 10);
    const key = idempotencyKey(request.headers["idempotency-key"]);
    const submission = submissionOf(request.body);
    if (!caller.mayCall(callOf(submission.request))) {
      throw new Refusal(403, "FORBIDDEN", "the key does not allow this call");
    }
    const options = {
      ...submission.options,
      owner: caller.name,
      ...(key === undefined ? {} : { idempotencyKey: `${caller.name}/${key}` }),
    };
    const { pool } = this.#options;
    const { id } = await pool.submit(submission.request, options);
    const { wait } = request.query as { readonly wait?: unknown };
    if (wait === "mined" || wait === "final") await this.#reached(id, wait);
    const job = pool.job(id);
    if (job === undefined) throw new Refusal(500, "INTERNAL", "the job is gone");
    return await reply.code(202).header("location", `/v1/transactions/${id}`).send(jobView(job));
  }

  /** How it ended is in the job itself; one that takes too long is answered as it stands. */
  async #reached(id: string, until: "mined" | "final"): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let end = (): void => undefined;
    const enough = new Promise<void>((resolve) => {
      end = resolve;
      timer = setTimeout(resolve, LONGEST_WAIT_MS);
    });
    this.#ends.add(end);
    await Promise.race([this.#options.pool.receipt(id, until).catch(() => undefined), enough]);
    this.#ends.delete(end);
    clearTimeout(timer);
  }

  /** Server-sent events: the job as it is, and each change, until it is done. */
  #stream(caller: Caller, job: Job, reply: FastifyReply): void {
    if (caller.streams >= STREAMS_OF_CALLER || this.#streams >= MAX_STREAMS) {
      throw new Refusal(429, "TOO_MANY_STREAMS", "too many streams of events are open", 10);
    }
    caller.streams++;
    this.#streams++;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      caller.streams--;
      this.#streams--;
      this.#ends.delete(end);
      clearInterval(heartbeat);
      stop();
      raw.end();
    };
    const tell = (next: Job): void => {
      // Whoever does not read is let go: it can ask again.
      if (raw.writableLength > 64 * 1024) end();
      else raw.write(`event: ${next.state}\ndata: ${JSON.stringify(jobView(next))}\n\n`);
      if (isDone(next.state)) end();
    };
    const stop = this.#options.pool.watch((next) => {
      if (next.id === job.id) tell(next);
    });
    const heartbeat = setInterval(() => raw.write(":\n\n"), HEARTBEAT_MS);
    this.#ends.add(end);
    raw.once("close", end);
    tell(job);
  }
}

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^[\x21-\x7e]{1,128}$/.test(header)) return header;
  throw new Refusal(400, "BAD_REQUEST", "Idempotency-Key: 1 to 128 printable characters");
}

function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal) {
    if (error.retryAfter !== undefined) reply.header("retry-after", error.retryAfter);
    return reply.code(error.status).send({ error: { code: error.code, message: error.message } });
  }
  if (error instanceof PoolError) {
    const status = STATUS[error.code] ?? 500;
    if (status === 503) reply.header("retry-after", 1);
    return reply.code(status).send({ error: { code: error.code, message: error.message } });
  }
  const { statusCode } = error as { readonly statusCode?: number };
  // Fastify's own refusals: a body that is too long, not JSON, or not complete.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return reply.code(statusCode).send({ error: { code: "BAD_REQUEST", message: (error as Error).message } });
  }
  return reply.code(500).send({ error: { code: "INTERNAL", message: "something went wrong here" } });
}
