import { PoolError } from "../pool-error.ts";
import { Unexpected } from "../store/engine.ts";
import type { JobStore } from "../store/job-store.ts";
import type { ServerLease } from "../store/server-lease.ts";
import type { Ledger } from "./ledger.ts";
import type { Alert, SigningPoolOptions } from "./options.ts";
import type { Roster } from "./roster.ts";

export type SharingPorts = {
  readonly lease: ServerLease;
  readonly ledger: Ledger;
  readonly roster: Roster;
  readonly alert: (alert: Alert) => void;
  readonly fatal: (error: unknown) => void;
};

/** Signs of life in the time after which others take over. */
const SIGNS = 5;

/** A server's part among those that share a database: it shows that it lives, inherits, and shares the signers. */
export class Sharing {
  readonly #ports: SharingPorts;
  readonly #timer: NodeJS.Timeout;
  #nextLook = 0;

  constructor(ports: SharingPorts) {
    this.#ports = ports;
    const { lease, fatal } = ports;
    this.#timer = setInterval(() => {
      lease.renew().catch((error) => {
        if (error instanceof Unexpected)
          fatal(new PoolError("LEASE_LOST", "another server has taken over from this one"));
        // A database that does not answer says nothing; the next write finds out.
      });
    }, lease.ttlMs / SIGNS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Takes over from the dead, and brings the number of signers to this server's share. */
  async look(): Promise<void> {
    const now = Date.now();
    if (now < this.#nextLook) return;
    const { lease, ledger, roster, alert } = this.#ports;
    this.#nextLook = now + lease.ttlMs / SIGNS;
    const taken = await lease.takeOver();
    if (taken > 0) {
      await ledger.load();
      roster.adopt();
      alert({ kind: "taken-over", message: `what ${taken} servers have left goes on here` });
    }
    await roster.balance(Math.ceil(roster.size.max / (await lease.alive())));
  }
}

/** The first share; undefined where the store is this server's alone. Inherits what dead servers have left. */
export async function shareOf({ lease }: JobStore, options: SigningPoolOptions): Promise<number | undefined> {
  if (lease === undefined) return undefined;
  if (options.resettable === true) throw new PoolError("BAD_REQUEST", "a shared store cannot begin anew");
  const { size } = options;
  return Math.ceil((typeof size === "number" ? size : size.max) / (await lease.alive()));
}
