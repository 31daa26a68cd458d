import { createHmac } from "node:crypto";
import type { Alert } from "../../pool/options.ts";
import type { SigningPool } from "../../pool/signing-pool.ts";
import { deleteEvent, type EventRecord, postponeEvent } from "../../store/events.ts";
import type { JobStore } from "../../store/job-store.ts";
import { jobView } from "../messages.ts";
import { AddressRules } from "./address-rules.ts";
import { checkedUrl, checkName, guardedPost, type Resolve, systemResolve } from "./guarded-post.ts";

export type WebhookOptions = {
  readonly pool: SigningPool;
  readonly store: JobStore;
  /** 32 bytes; each caller's secret follows from it. */
  readonly secret: Uint8Array;
  /** Networks that are not public and yet allowed. */
  readonly allowedNetworks: readonly string[];
  readonly alert: (alert: Alert) => void;
  /** Milliseconds before the first retry; each next one waits twice as long, up to an hour. */
  readonly firstRetryMs?: number;
  readonly resolve?: Resolve;
};

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 3_600_000;
/** With the waits above: a day and a half. */
const MOST_TRIES = 45;
const LOOK_MS = 500;
const AT_ONCE = 16;
/** Of one host, so that a slow one does not hold up the others. */
const AT_ONCE_A_HOST = 4;

/** What a caller checks its webhooks' signatures with. */
export function webhookSecret(secret: Uint8Array, caller: string): string {
  return createHmac("sha256", secret).update(`webhooks of ${caller}`).digest("hex");
}

/** `t=SECONDS,v1=HMAC-SHA256 of "SECONDS.BODY"`; the time keeps an old delivery from being played again. */
export function webhookSignature(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

/** Tells callers' servers how their jobs went, at least once each, also after a restart. */
export class WebhookSender {
  readonly #options: WebhookOptions;
  readonly #rules: AddressRules;
  readonly #resolve: Resolve;
  /** Under way, with their hosts. */
  readonly #busy = new Map<string, string>();
  readonly #deliveries = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#rules = new AddressRules(options.allowedNetworks);
    this.#resolve = options.resolve ?? systemResolve;
    this.#schedule();
  }

  /** Throws Forbidden where no webhook may go. */
  async check(url: string): Promise<void> {
    await checkName(checkedUrl(url, this.#rules), this.#rules, this.#resolve);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.allSettled(this.#deliveries);
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.#schedule());
    }, LOOK_MS);
  }

  async #look(): Promise<void> {
    const { store, alert } = this.#options;
    try {
      for (const event of await store.dueEvents(Date.now(), 256)) {
        const host = hostOf(event.url);
        const same = [...this.#busy.values()].filter((each) => each === host).length;
        if (this.#busy.size >= AT_ONCE || this.#closed) return;
        if (this.#busy.has(event.id) || same >= AT_ONCE_A_HOST) continue;
        this.#busy.set(event.id, host);
        const delivery = this.#deliver(event)
          .catch(() => alert({ kind: "webhook-lost", message: `delivery ${event.id} could not be noted` }))
          .finally(() => {
            this.#busy.delete(event.id);
            this.#deliveries.delete(delivery);
          });
        this.#deliveries.add(delivery);
      }
    } catch {
      // The pool tells of a store that fails, and closes.
    }
  }

  async #deliver(event: EventRecord): Promise<void> {
    const { store, alert, firstRetryMs = FIRST_RETRY_MS } = this.#options;
    const status = await this.#post(event).catch(() => 0);
    if (status >= 200 && status < 300) {
      await store.write([deleteEvent(event.id)]);
      return;
    }
    const tries = event.tries + 1;
    if (tries >= MOST_TRIES) {
      await store.write([deleteEvent(event.id)]);
      alert({ kind: "webhook-lost", message: `${hostOf(event.url)} was not told of job ${event.jobId}` });
      return;
    }
    const wait = Math.min(LONGEST_RETRY_MS, firstRetryMs * 2 ** Math.min(tries - 1, 20));
    await store.write([postponeEvent(event.id, tries, Date.now() + wait)]);
  }

  async #post(event: EventRecord): Promise<number> {
    const { pool, secret } = this.#options;
    const job = await pool.job(event.jobId);
    const body = JSON.stringify({
      id: event.id,
      type: `transaction.${event.state}`,
      createdAt: event.createdAt,
      transaction: job === undefined ? { id: event.jobId, state: event.state } : jobView(job),
    });
    const seconds = Math.floor(Date.now() / 1_000);
    const headers = {
      "content-type": "application/json",
      "user-agent": "tributary-authority",
      "tributary-signature": webhookSignature(webhookSecret(secret, event.owner), seconds, body),
    };
    return await guardedPost(checkedUrl(event.url, this.#rules), body, headers, this.#rules, this.#resolve);
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "";
}
