import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Job } from "../job.ts";
import type { Alert } from "../pool/options.ts";
import type { SigningPool } from "../pool/signing-pool.ts";
import { Accounts } from "../store/accounts.ts";
import type { JobStore } from "../store/job-store.ts";
import { Admission } from "./admission.ts";
import { bearerToken, type Caller, type CallerConfig, Callers } from "./callers.ts";
import { EventStreams } from "./event-streams.ts";
import { loginRoutes } from "./login/login-routes.ts";
import { type LoginConfig, Users } from "./login/users.ts";
import { jobView, submissionOf } from "./messages.ts";
import { openApi } from "./openapi.ts";
import { operatorRoutes } from "./operator-routes.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import { answerError, Refusal } from "./refusal.ts";
import type { Rate } from "./token-bucket.ts";
import { WebhookSender } from "./webhooks/webhook-sender.ts";

export type AuthorityServerOptions = {
  readonly pool: SigningPool;
  readonly metrics: PoolMetrics;
  readonly callers: readonly CallerConfig[];
  /** Requests to routes, of all callers together. */
  readonly routes?: Readonly<Record<string, Rate>> | undefined;
  /** Where logins and webhooks are kept: the pool's store. Both need it and `secret`. */
  readonly store?: JobStore | undefined;
  /** 32 random bytes that outlive the process: they seal logins and sign webhooks. */
  readonly secret?: Uint8Array | undefined;
  readonly login?: LoginConfig | undefined;
  /** Networks that webhooks may go to although they are not public. */
  readonly webhooks?: { readonly allowedNetworks: readonly string[]; readonly firstRetryMs?: number } | undefined;
  readonly onAlert?: ((alert: Alert) => void) | undefined;
  /** An operator has asked that the server ends when what is on its way is done. */
  readonly onDrain?: (() => void) | undefined;
  /** Proxies whose X-Forwarded-For is believed; nobody's without it. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
};

/** Connections that wait to be taken: a game's players come at once. */
const BACKLOG = 4_096;
const CLEANING_MS = 60_000;
const MAX_BODY_BYTES = 512 * 1024;
/** Milliseconds that a request with `wait` is held open at most. */
const LONGEST_WAIT_MS = 60_000;

/** The pool over HTTP, for machines with API keys. */
export class AuthorityServer {
  readonly #options: AuthorityServerOptions;
  readonly #callers: Callers;
  readonly #app: FastifyInstance;
  /** Method and path of each. */
  readonly routes: string[] = [];
  readonly #admission: Admission;
  readonly #streams: EventStreams;
  readonly #webhooks: WebhookSender | undefined;
  readonly #users: Users | undefined;
  readonly #cleaning: NodeJS.Timeout | undefined;
  /** End requests that wait. */
  readonly #ends = new Set<() => void>();
  #draining = false;

  private constructor(options: AuthorityServerOptions) {
    this.#options = options;
    const { pool, routes = {}, callers, trustedProxies = [] } = options;
    this.#callers = new Callers(callers, Date.now());
    this.#webhooks = webhooksOf(options);
    this.#admission = new Admission(pool, routes, this.#webhooks, Date.now());
    this.#users = usersOf(options, this.#admission);
    if (this.#users !== undefined) {
      const users = this.#users;
      this.#cleaning = setInterval(() => void users.clean().catch(() => undefined), CLEANING_MS);
    }
    this.#streams = new EventStreams(pool);
    const trustProxy = trustedProxies.length === 0 ? false : [...trustedProxies];
    this.#app = Fastify({ bodyLimit: MAX_BODY_BYTES, logger: false, requestTimeout: 30_000, trustProxy });
    this.#app.addHook("onRoute", ({ method, url }) => {
      for (const each of [method].flat()) if (each !== "HEAD") this.routes.push(`${each} ${url}`);
    });
    this.#app.setErrorHandler((error, _request, reply) => answerError(error, reply));
    this.#app.setNotFoundHandler((_request, reply) =>
      answerError(new Refusal(404, "NOT_FOUND", "no such path"), reply),
    );
    this.#routes();
  }

  static async start(options: AuthorityServerOptions): Promise<AuthorityServer> {
    const server = new AuthorityServer(options);
    for (const caller of server.#callers.all) await server.#admission.follow(caller);
    await server.#app.listen({ host: options.host, port: options.port, backlog: BACKLOG });
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
    this.#streams.endAll();
    for (const end of [...this.#ends]) end();
    clearInterval(this.#cleaning);
    await this.#app.close();
    await this.#webhooks?.close();
  }

  #routes(): void {
    const { pool, metrics } = this.#options;
    const document = openApi(this.#users !== undefined);
    this.#app.get("/v1/openapi.json", async () => document);
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
    if (this.#users !== undefined) {
      const users = this.#users;
      const callerOf = async (request: FastifyRequest): Promise<Caller> => await this.#caller(request);
      loginRoutes(this.#app, { users, callerOf, tokenOf: (request) => tokenOf(request) });
    }
    operatorRoutes(this.#app, {
      pool,
      callerOf: (request) => this.#caller(request),
      drain: () => {
        this.drain();
        this.#options.onDrain?.();
      },
    });
    this.#app.post("/v1/transactions", async (request, reply) => await this.#submit(request, reply));
    this.#app.get("/v1/transactions/:id", async (request) =>
      jobView(await this.#ownJob(request, await this.#caller(request))),
    );
    this.#app.get("/v1/transactions/:id/events", async (request, reply) => {
      const caller = await this.#caller(request);
      this.#streams.open(caller, await this.#ownJob(request, caller), reply);
    });
  }

  async #caller(request: FastifyRequest): Promise<Caller> {
    const token = tokenOf(request);
    const caller = this.#callers.find(token) ?? (await this.#users?.find(token));
    if (caller === undefined) throw unauthorized();
    const seconds = caller.spend(Date.now());
    if (seconds > 0) throw new Refusal(429, "RATE_LIMITED", "more requests than the caller's rate allows", seconds);
    return caller;
  }

  /** Another caller's job is no job. */
  async #ownJob(request: FastifyRequest, caller: Caller): Promise<Job> {
    const { id } = request.params as { readonly id: string };
    const job = await this.#options.pool.job(id);
    const own = job !== undefined && ((await this.#users?.owns(caller, job.owner)) ?? job.owner === caller.name);
    if (!own) throw new Refusal(404, "UNKNOWN_JOB", "there is no such job");
    return job;
  }

  async #submit(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const caller = await this.#caller(request);
    if (this.#draining) throw new Refusal(503, "DRAINING", "the server takes no more transactions", 10);
    const key = idempotencyKey(request.headers["idempotency-key"]);
    const { pool } = this.#options;
    const webhook = this.#webhooks === undefined ? undefined : caller.webhook;
    const own = {
      owner: caller.name,
      ...(key === undefined ? {} : { idempotencyKey: `${caller.name}/${key}` }),
    };
    const { id } = await this.#admission.admit(caller, submissionOf(request.body), (submission) =>
      pool.submit(submission.request, { ...(webhook === undefined ? {} : { webhook }), ...submission.options, ...own }),
    );
    const { wait } = request.query as { readonly wait?: unknown };
    if (wait === "mined" || wait === "final") await this.#reached(id, wait);
    const job = await pool.job(id);
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
}

function unauthorized(): Refusal {
  return new Refusal(401, "UNAUTHORIZED", "a key or a session is needed: Authorization: Bearer TOKEN");
}

function tokenOf(request: FastifyRequest): string {
  const token = bearerToken(request.headers.authorization);
  if (token === undefined) throw unauthorized();
  return token;
}

/** What logins and webhooks need. */
function keptIn({ store, secret }: AuthorityServerOptions): { readonly store: JobStore; readonly secret: Uint8Array } {
  if (store === undefined || secret?.length !== 32) throw new RangeError("a store and 32 secret bytes are needed");
  return { store, secret };
}

function webhooksOf(options: AuthorityServerOptions): WebhookSender | undefined {
  const { webhooks, pool, onAlert } = options;
  if (webhooks === undefined) return undefined;
  return new WebhookSender({ ...keptIn(options), ...webhooks, pool, alert: onAlert ?? (() => undefined) });
}

function usersOf(options: AuthorityServerOptions, admission: Admission): Users | undefined {
  const { login: config, pool } = options;
  if (config === undefined) return undefined;
  const { store, secret } = keptIn(options);
  return new Users({
    config,
    accounts: new Accounts(store.engine),
    secret,
    chainId: pool.status().chainId,
    read: (to, data) => pool.read(to, data),
    met: (caller) => admission.follow(caller),
    forgotten: (caller) => admission.forget(caller),
  });
}

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^[\x21-\x7e]{1,128}$/.test(header)) return header;
  throw new Refusal(400, "BAD_REQUEST", "Idempotency-Key: 1 to 128 printable characters");
}
