import { Counter, Gauge, Registry } from "prom-client";
import type { Alert } from "../pool/options.ts";
import type { SigningPool } from "../pool/signing-pool.ts";

/** Prometheus metrics of a pool. Labels have a bounded number of values: no job, no caller's text. */
export class PoolMetrics {
  readonly registry: Registry = new Registry();
  readonly #alerts: Counter<"kind">;

  constructor() {
    this.#alerts = new Counter({
      name: "authority_alerts_total",
      help: "What an operator should know of, by kind",
      labelNames: ["kind"],
      registers: [this.registry],
    });
  }

  alert(alert: Alert): void {
    this.#alerts.inc({ kind: alert.kind });
  }

  follow(pool: SigningPool): void {
    const registers = [this.registry];
    const states = new Counter({
      name: "authority_jobs_total",
      help: "Changes of jobs, by the state that they led to",
      labelNames: ["state"],
      registers,
    });
    pool.watch(({ state }) => states.inc({ state }));
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    };
    gauge("authority_jobs_open", "Jobs that are not done", () => pool.status().open);
    gauge("authority_jobs_queued", "Jobs without a nonce", () => pool.status().queued);
    gauge("authority_head", "Number of the newest block seen", () => pool.status().head);
    const signers = (wanted: (signer: ReturnType<SigningPool["status"]>["signers"][number]) => boolean): number =>
      pool.status().signers.filter((signer) => signer.role === "worker" && wanted(signer)).length;
    gauge("authority_signers_active", "Signers in the rotation", () =>
      signers(({ state, dry }) => state === "active" && !dry),
    );
    gauge("authority_signers_dry", "Signers that cannot pay", () => signers(({ dry }) => dry));
    gauge("authority_transactions_in_flight", "Transactions that are not mined yet", () =>
      pool.status().signers.reduce((sum, { inFlight }) => sum + inFlight, 0),
    );
  }
}
