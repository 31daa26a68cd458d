import { randomUUID } from "node:crypto";
import { type Engine, type Sql, sql, Unexpected } from "./engine.ts";

/** The database's clock, in milliseconds: the servers' own may differ. */
const NOW = "CAST(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000 AS BIGINT)";
const OPEN = "state NOT IN ('final', 'failed', 'cancelled')";

/**
 * A server's place among those that share a database. Jobs and signers belong to a server; every transaction of it
 * locks its row here, and whoever takes over from it deletes that row first. So a server that was taken for dead can
 * write nothing any more, whatever its clock says, and what is not written is not sent.
 */
export class ServerLease {
  readonly id: string;
  readonly ttlMs: number;
  readonly #engine: Engine;

  private constructor(engine: Engine, ttlMs: number) {
    this.#engine = engine;
    this.ttlMs = ttlMs;
    this.id = randomUUID();
  }

  static async join(engine: Engine, ttlMs: number): Promise<ServerLease> {
    const lease = new ServerLease(engine, ttlMs);
    await engine.write([sql(`INSERT INTO servers (id, expires) VALUES (?, ${NOW} + ?)`, lease.id, ttlMs)]);
    return lease;
  }

  /** Part of every transaction: waits for nobody but whoever takes over. */
  get fence(): Sql {
    return { ...sql("SELECT id FROM servers WHERE id = ? FOR SHARE", this.id), expect: 1 };
  }

  /** Throws Unexpected when another server has taken over. */
  async renew(): Promise<void> {
    const renewal = sql(`UPDATE servers SET expires = ${NOW} + ? WHERE id = ?`, this.ttlMs, this.id);
    await this.#engine.write([{ ...renewal, expect: 1 }]);
  }

  /** Others may take over at once. */
  async leave(): Promise<void> {
    await this.#engine.write([sql("UPDATE servers SET expires = 0 WHERE id = ?", this.id)]);
  }

  /** Servers that are alive, this one too. */
  async alive(): Promise<number> {
    const rows = await this.#engine.query(sql(`SELECT id FROM servers WHERE expires > ${NOW}`));
    return Math.max(1, rows.length);
  }

  /** Makes this server's what dead ones have left: how many there were. */
  async takeOver(): Promise<number> {
    const dead = await this.#engine.query(sql(`SELECT id FROM servers WHERE expires <= ${NOW} AND id <> ?`, this.id));
    let taken = 0;
    for (const row of dead) if (await this.#inherit(String(row["id"]))) taken++;
    return taken;
  }

  async #inherit(dead: string): Promise<boolean> {
    const gone = sql(`DELETE FROM servers WHERE id = ? AND expires <= ${NOW}`, dead);
    try {
      await this.#engine.write([
        this.fence,
        { ...gone, expect: 1 },
        // A top-up that waits is for a funder whose key the dead server had; it is ordered again where it is needed.
        sql("UPDATE jobs SET state = 'cancelled' WHERE holder = ? AND state = 'queued' AND pinned IS NOT NULL", dead),
        sql(`UPDATE jobs SET holder = ? WHERE holder = ? AND ${OPEN}`, this.id, dead),
        sql("UPDATE signers SET holder = ? WHERE holder = ?", this.id, dead),
        sql("UPDATE events SET holder = ? WHERE holder = ?", this.id, dead),
      ]);
      return true;
    } catch (error) {
      // It is back, or another one was faster.
      if (error instanceof Unexpected) return false;
      throw error;
    }
  }
}
