import { callOf } from "../pool/request.ts";
import type { SigningPool } from "../pool/signing-pool.ts";
import { PoolError } from "../pool-error.ts";
import type { Caller } from "./callers.ts";
import { QuotaBook } from "./gas-quota.ts";
import type { Submission } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { type Rate, TokenBucket } from "./token-bucket.ts";
import { Forbidden } from "./webhooks/guarded-post.ts";
import type { WebhookSender } from "./webhooks/webhook-sender.ts";

/** Decides whether a caller's transaction is taken: its rights, the rate of its route, its quota of gas. */
export class Admission {
  readonly #pool: SigningPool;
  readonly #routes: ReadonlyMap<string, TokenBucket>;
  readonly #webhooks: WebhookSender | undefined;
  readonly #quotas = new Map<string, QuotaBook>();

  constructor(
    pool: SigningPool,
    routes: Readonly<Record<string, Rate>>,
    webhooks: WebhookSender | undefined,
    now: number,
  ) {
    this.#pool = pool;
    this.#webhooks = webhooks;
    pool.watch((job) => this.#quotas.get(job.owner)?.note(job));
    this.#routes = new Map(Object.entries(routes).map(([name, rate]) => [name, new TokenBucket(rate, now)]));
  }

  /** Counts a caller's gas from now on, where it has a quota. */
  async follow({ name, gasQuota }: Caller): Promise<void> {
    if (gasQuota === undefined) return;
    this.#quotas.set(name, await QuotaBook.open(gasQuota, this.#pool, name, Date.now()));
  }

  forget({ name }: Caller): void {
    this.#quotas.delete(name);
  }

  /** Does `submit` with the request as it is allowed, or throws the refusal. */
  async admit<T>(caller: Caller, submission: Submission, submit: (submission: Submission) => Promise<T>): Promise<T> {
    const { maxGas } = caller;
    const call = callOf(submission.request);
    const route = submission.options.route ?? "";
    if (!caller.mayCall(call)) throw new Refusal(403, "FORBIDDEN", "the caller may not make this call");
    if (!caller.mayUse(route)) throw new Refusal(403, "FORBIDDEN", "the caller may not use this route");
    const wait = this.#routes.get(route)?.spend(Date.now()) ?? 0;
    if (wait > 0) throw new Refusal(429, "RATE_LIMITED", "more requests than the route's rate allows", wait);
    await this.#checkWebhook(caller, submission.options.webhook);
    const limited = maxGas === undefined ? submission : { ...submission, request: { ...submission.request, maxGas } };
    const quota = this.#quotas.get(caller.name);
    if (quota === undefined) return await submit(limited);
    const gas = call.gas ?? maxGas;
    if (gas === undefined) throw new PoolError("BAD_REQUEST", "a caller with a quota needs a limit of gas");
    const seconds = quota.reserve(gas, Date.now());
    if (seconds > 0) throw new Refusal(429, "QUOTA_EXCEEDED", "the caller's quota of gas is used up", seconds);
    try {
      return await submit(limited);
    } finally {
      quota.arrived(gas);
    }
  }

  async #checkWebhook(caller: Caller, url: string | undefined): Promise<void> {
    if (url === undefined) return;
    if (!caller.mayNameWebhooks) throw new Refusal(403, "FORBIDDEN", "the caller may not name webhooks");
    if (this.#webhooks === undefined) throw new Refusal(400, "BAD_REQUEST", "there are no webhooks here");
    try {
      await this.#webhooks.check(url);
    } catch (error) {
      if (error instanceof Forbidden) throw new Refusal(400, "WEBHOOK_FORBIDDEN", error.message);
      throw error;
    }
  }
}
