import type { Address, Hex } from "viem";
import type { Job } from "../job.ts";
import { type Database, openDatabase, type Row, type Statement, transaction } from "./database.ts";
import { changingColumns, INSERT_JOB, insertedColumns, jobOf, UPDATE_JOB } from "./job-row.ts";
import type { Attempt, AttemptKind, Settlement, SignerRecord, SignerState, SlotRecord } from "./records.ts";
import { prepareSchema } from "./schema.ts";

/** Sums stay far below 2^53: a limit is at most 2^40. */
const GAS_SINCE =
  "SELECT owner, SUM(CASE WHEN receipt IS NOT NULL THEN CAST(json_extract(receipt, '$.gasUsed') AS INTEGER)" +
  " WHEN state IN ('failed', 'cancelled') THEN 0" +
  " ELSE CAST(COALESCE(json_extract(call, '$.gas'), json_extract(call, '$.maxGas'), 0) AS INTEGER) END) AS gas" +
  " FROM jobs WHERE created >= ? GROUP BY owner";

function attemptOf(row: Row): Attempt {
  return {
    hash: row["hash"] as Hex,
    kind: row["kind"] as AttemptKind,
    raw: row["raw"] as Hex,
    maxFee: BigInt(String(row["max_fee"])),
    tip: BigInt(String(row["tip"])),
    createdAt: Number(row["created"]),
  };
}

/**
 * Jobs, nonces and signed transactions in one SQLite file. Every method that writes is one transaction and durable when
 * it returns; inside `together` several are one.
 */
export class SqliteStore {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();
  #nested = false;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** `path`: a file, created where it does not exist; `:memory:` forgets everything with the process. */
  static async open(path: string): Promise<SqliteStore> {
    return SqliteStore.over(await openDatabase(path));
  }

  static over(database: Database): SqliteStore {
    prepareSchema(database);
    return new SqliteStore(database);
  }

  close(): void {
    this.#database.close();
  }

  together<T>(work: () => T): T {
    if (this.#nested) return work();
    this.#nested = true;
    try {
      return transaction(this.#database, work);
    } finally {
      this.#nested = false;
    }
  }

  meta(name: string): string | undefined {
    const row = this.#sql("SELECT value FROM meta WHERE name = ?").get(name) as Row | undefined;
    return row === undefined ? undefined : String(row["value"]);
  }

  setMeta(name: string, value: string): void {
    this.together(() => this.#sql("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)").run(name, value));
  }

  signers(): SignerRecord[] {
    const rows = this.#sql("SELECT * FROM signers").all() as Row[];
    return rows.map((row) => ({
      address: row["address"] as Address,
      role: row["role"] as SignerRecord["role"],
      state: row["state"] as SignerState,
      nextNonce: Number(row["next_nonce"]),
      spending: { window: Number(row["spent_window"]), wei: BigInt(String(row["spent"])) },
    }));
  }

  putSigner(signer: SignerRecord): void {
    const { address, role, state, nextNonce, spending } = signer;
    const sql =
      "INSERT OR REPLACE INTO signers (address, role, state, next_nonce, spent_window, spent) VALUES (?, ?, ?, ?, ?, ?)";
    this.together(() => this.#sql(sql).run(address, role, state, nextNonce, spending.window, spending.wei.toString()));
  }

  insertJob(job: Job): void {
    this.together(() => this.#sql(INSERT_JOB).run(...insertedColumns(job)));
  }

  updateJob(job: Job): void {
    this.together(() => this.#sql(UPDATE_JOB).run(...changingColumns(job)));
  }

  jobById(id: string): Job | undefined {
    const row = this.#sql("SELECT * FROM jobs WHERE id = ?").get(id) as Row | undefined;
    return row === undefined ? undefined : jobOf(row);
  }

  jobByKey(key: string): Job | undefined {
    const row = this.#sql("SELECT * FROM jobs WHERE key = ?").get(key) as Row | undefined;
    return row === undefined ? undefined : jobOf(row);
  }

  /** Gas of the jobs accepted since then, by owner: used, or what those on their way may use. */
  gasSince(time: number): Map<string, bigint> {
    const rows = this.#sql(GAS_SINCE).all(time) as Row[];
    return new Map(rows.map((row) => [String(row["owner"]), BigInt(Number(row["gas"]))]));
  }

  /** Jobs that are not done, oldest first. */
  openJobs(): Job[] {
    const rows = this.#sql(
      "SELECT * FROM jobs WHERE state NOT IN ('final', 'failed', 'cancelled') ORDER BY seq",
    ).all() as Row[];
    return rows.map(jobOf);
  }

  /** Slots whose settlement is not final, with their attempts, by signer and nonce. */
  openSlots(): SlotRecord[] {
    const rows = this.#sql("SELECT * FROM slots WHERE final = 0 ORDER BY signer, nonce").all() as Row[];
    return rows.map((row) => this.#slotOf(row));
  }

  slot(signer: Address, nonce: number): SlotRecord | undefined {
    const row = this.#sql("SELECT * FROM slots WHERE signer = ? AND nonce = ?").get(signer, nonce) as Row | undefined;
    return row === undefined ? undefined : this.#slotOf(row);
  }

  putSlot(slot: SlotRecord, final = false): void {
    const settled = slot.settled === undefined ? null : JSON.stringify(slot.settled);
    this.together(() =>
      this.#sql(
        "INSERT OR REPLACE INTO slots (signer, nonce, job, since_block, settled, final) VALUES (?, ?, ?, ?, ?, ?)",
      ).run(slot.signer, slot.nonce, slot.jobId ?? null, slot.sinceBlock, settled, final ? 1 : 0),
    );
  }

  /** Forgets a slot none of whose attempts can ever be mined. */
  deleteSlot(signer: Address, nonce: number): void {
    this.together(() => {
      this.#sql("DELETE FROM slots WHERE signer = ? AND nonce = ?").run(signer, nonce);
      this.#sql("DELETE FROM attempts WHERE signer = ? AND nonce = ?").run(signer, nonce);
    });
  }

  /** Forgets all nonces and transactions, those of final jobs too. */
  clearSlots(): void {
    this.together(() => {
      this.#sql("DELETE FROM slots").run();
      this.#sql("DELETE FROM attempts").run();
    });
  }

  insertAttempt(signer: Address, nonce: number, attempt: Attempt): void {
    const { hash, kind, raw, maxFee, tip, createdAt } = attempt;
    this.together(() =>
      this.#sql(
        "INSERT INTO attempts (hash, signer, nonce, kind, raw, max_fee, tip, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      ).run(hash, signer, nonce, kind, raw, maxFee.toString(), tip.toString(), createdAt),
    );
  }

  #slotOf(row: Row): SlotRecord {
    const { signer, nonce, job, since_block: sinceBlock, settled } = row;
    const attempts = this.#sql("SELECT * FROM attempts WHERE signer = ? AND nonce = ? ORDER BY created").all(
      signer ?? null,
      nonce ?? null,
    ) as Row[];
    return {
      signer: signer as Address,
      nonce: Number(nonce),
      jobId: typeof job === "string" ? job : undefined,
      sinceBlock: Number(sinceBlock),
      settled: typeof settled === "string" ? (JSON.parse(settled) as Settlement) : undefined,
      attempts: attempts.map(attemptOf),
    };
  }

  #sql(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}
