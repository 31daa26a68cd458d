import { type Sql, sql } from "./engine.ts";
import type { JobStore } from "./job-store.ts";

/** Rows of each table that one step deletes: the database works on other things between two steps. */
const AT_ONCE = 500;
const DONE = "state IN ('final', 'failed', 'cancelled')";

/** Forgets jobs that were done, and transactions that were made, before this time (milliseconds); true: there are more. */
export async function prune(store: JobStore, before: number): Promise<boolean> {
  const jobs = sql(
    `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ${DONE} AND updated < ? LIMIT ?)`,
    before,
    AT_ONCE,
  );
  const rows = await store.engine.query(
    sql(
      "SELECT signer, nonce FROM slots WHERE final = 1 AND NOT EXISTS (SELECT 1 FROM attempts" +
        " WHERE attempts.signer = slots.signer AND attempts.nonce = slots.nonce AND created >= ?) LIMIT ?",
      before,
      AT_ONCE,
    ),
  );
  const slots = rows.flatMap(({ signer, nonce }): Sql[] =>
    ["attempts", "slots"].map((table) =>
      sql(`DELETE FROM ${table} WHERE signer = ? AND nonce = ?`, signer ?? null, nonce ?? null),
    ),
  );
  const [deleted = 0] = await store.write([jobs, ...slots]);
  return deleted === AT_ONCE || rows.length === AT_ONCE;
}
