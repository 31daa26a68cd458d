import type { Address, Hex } from "viem";
import type { Job } from "../job.ts";
import { type Engine, type Row, type Sql, sql } from "./engine.ts";
import { DUE_EVENTS, type EventRecord, eventOf } from "./events.ts";
import { jobOf } from "./job-row.ts";
import type { Attempt, AttemptKind, Settlement, SignerRecord, SignerState, SlotRecord } from "./records.ts";
import { prepareSchema } from "./schema.ts";
import { SqliteEngine } from "./sqlite-engine.ts";

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

function signerOf(row: Row): SignerRecord {
  return {
    address: row["address"] as Address,
    role: row["role"] as SignerRecord["role"],
    state: row["state"] as SignerState,
    nextNonce: Number(row["next_nonce"]),
    spending: { window: Number(row["spent_window"]), wei: BigInt(String(row["spent"])) },
  };
}

function slotOf(row: Row, attempts: readonly Attempt[]): SlotRecord {
  const { signer, nonce, job, since_block: sinceBlock, settled } = row;
  return {
    signer: signer as Address,
    nonce: Number(nonce),
    jobId: typeof job === "string" ? job : undefined,
    sinceBlock: Number(sinceBlock),
    settled: typeof settled === "string" ? (JSON.parse(settled) as Settlement) : undefined,
    attempts,
  };
}

const OPEN = "state NOT IN ('final', 'failed', 'cancelled')";

/** Jobs, nonces and signed transactions in a database. What this server holds is all that is in a file of its own. */
export class JobStore {
  readonly engine: Engine;
  /** Whose jobs and signers are read; empty where there is one server only. */
  readonly holder: string;

  private constructor(engine: Engine, holder: string) {
    this.engine = engine;
    this.holder = holder;
  }

  /** The tables are made where they do not exist. */
  static async over(engine: Engine, holder = ""): Promise<JobStore> {
    await prepareSchema(engine);
    return new JobStore(engine, holder);
  }

  /** `path`: of a SQLite file, which belongs to one process at a time; `:memory:` for none. */
  static async open(path: string): Promise<JobStore> {
    const engine = await SqliteEngine.open(path);
    try {
      return await JobStore.over(engine);
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  /** One transaction, durable when it resolves; the rows that each statement changed. */
  async write(statements: readonly Sql[]): Promise<number[]> {
    return await this.engine.write(statements);
  }

  async meta(name: string): Promise<string | undefined> {
    const [row] = await this.#all("SELECT value FROM meta WHERE name = ?", name);
    return row === undefined ? undefined : String(row["value"]);
  }

  async signers(): Promise<SignerRecord[]> {
    return (await this.#all("SELECT * FROM signers WHERE holder = ? ORDER BY address", this.holder)).map(signerOf);
  }

  /** Jobs that are not done, oldest first. */
  async openJobs(): Promise<Job[]> {
    return (await this.#all(`SELECT * FROM jobs WHERE ${OPEN} AND holder = ? ORDER BY seq`, this.holder)).map(jobOf);
  }

  async jobById(id: string): Promise<Job | undefined> {
    const [row] = await this.#all("SELECT * FROM jobs WHERE id = ?", id);
    return row === undefined ? undefined : jobOf(row);
  }

  async jobByKey(key: string): Promise<Job | undefined> {
    const [row] = await this.#all("SELECT * FROM jobs WHERE key = ?", key);
    return row === undefined ? undefined : jobOf(row);
  }

  /** Gas of the owner's jobs accepted since then: used, or what those on their way may use. */
  async gasSince(time: number, owner: string): Promise<bigint> {
    const sum = "SELECT COALESCE(SUM(gas), 0) AS gas FROM jobs WHERE owner = ? AND created >= ?";
    const [row] = await this.#all(sum, owner, time);
    return BigInt(String(row?.["gas"] ?? 0));
  }

  /** Slots whose settlement is not final, with their attempts, by signer and nonce. */
  async openSlots(): Promise<SlotRecord[]> {
    const of = "signer IN (SELECT address FROM signers WHERE holder = ?)";
    const slots = await this.#all(`SELECT * FROM slots WHERE final = 0 AND ${of} ORDER BY signer, nonce`, this.holder);
    const attempts = await this.#all(
      `SELECT attempts.* FROM attempts JOIN slots USING (signer, nonce) WHERE final = 0 AND ${of} ORDER BY created`,
      this.holder,
    );
    const bySlot = new Map<string, Attempt[]>();
    for (const row of attempts) {
      const name = `${row["signer"]} ${row["nonce"]}`;
      const list = bySlot.get(name);
      if (list === undefined) bySlot.set(name, [attemptOf(row)]);
      else list.push(attemptOf(row));
    }
    return slots.map((row) => slotOf(row, bySlot.get(`${row["signer"]} ${row["nonce"]}`) ?? []));
  }

  /** Oldest first. */
  async dueEvents(now: number, limit: number): Promise<EventRecord[]> {
    return (await this.#all(DUE_EVENTS, now, this.holder, limit)).map(eventOf);
  }

  async slot(signer: Address, nonce: number): Promise<SlotRecord | undefined> {
    const [row] = await this.#all("SELECT * FROM slots WHERE signer = ? AND nonce = ?", signer, nonce);
    if (row === undefined) return undefined;
    const of = "SELECT * FROM attempts WHERE signer = ? AND nonce = ? ORDER BY created";
    return slotOf(row, (await this.#all(of, signer, nonce)).map(attemptOf));
  }

  async #all(text: string, ...values: readonly (string | number)[]): Promise<Row[]> {
    return await this.engine.query(sql(text, ...values));
  }
}
