import type { Address, Hex } from "viem";
import type { Job } from "../job.ts";
import { PoolError } from "../pool-error.ts";
import { type Engine, type Row, type Sql, sql, Unexpected } from "./engine.ts";
import { DUE_EVENTS, type EventRecord, eventOf } from "./events.ts";
import { jobOf } from "./job-row.ts";
import { PostgresEngine } from "./postgres-engine.ts";
import type { Attempt, AttemptKind, Settlement, SignerRecord, SignerState, SlotRecord } from "./records.ts";
import { prepareSchema } from "./schema.ts";
import { ServerLease } from "./server-lease.ts";
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

const IDS_AT_ONCE = 50;
/** Milliseconds without a sign of life after which other servers take over. */
const LEASE_MS = 15_000;

/** Jobs, nonces and signed transactions in a database. What this server holds is all that is in a file of its own. */
export class JobStore {
  readonly engine: Engine;
  /** Undefined where there is one server only. */
  readonly lease: ServerLease | undefined;

  private constructor(engine: Engine, lease: ServerLease | undefined) {
    this.engine = engine;
    this.lease = lease;
  }

  /** A database of this server alone; the tables are made where they do not exist. */
  static async over(engine: Engine): Promise<JobStore> {
    await prepareSchema(engine);
    return new JobStore(engine, undefined);
  }

  /**
   * `path`: of a SQLite file, which belongs to one process at a time; `:memory:` for none; or postgres://..., which
   * several servers share: what one has left that gave no sign of life for `leaseMs` the others take over.
   */
  static async open(path: string, leaseMs: number = LEASE_MS): Promise<JobStore> {
    const shared = /^postgres(ql)?:\/\//.test(path);
    const engine = shared ? await PostgresEngine.open(path, prepareSchema) : await SqliteEngine.open(path);
    try {
      if (!shared) return await JobStore.over(engine);
      return new JobStore(engine, await ServerLease.join(engine, leaseMs));
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Whose jobs and signers are read; empty where there is one server only. */
  get holder(): string {
    return this.lease?.id ?? "";
  }

  async close(): Promise<void> {
    await this.lease?.leave().catch(() => undefined);
    await this.engine.close();
  }

  /**
   * One transaction, durable when it resolves; the rows that each statement changed. LEASE_LOST when another server has
   * taken over: nothing was written.
   */
  async write(statements: readonly Sql[]): Promise<number[]> {
    if (this.lease === undefined) return await this.engine.write(statements);
    const { fence } = this.lease;
    try {
      return (await this.engine.write([fence, ...statements])).slice(1);
    } catch (error) {
      if (!(error instanceof Unexpected) || error.message !== fence.text) throw error;
      throw new PoolError("LEASE_LOST", "another server has taken over from this one", { cause: error });
    }
  }

  async meta(name: string): Promise<string | undefined> {
    const [row] = await this.#all("SELECT value FROM meta WHERE name = ?", name);
    return row === undefined ? undefined : String(row["value"]);
  }

  async signer(address: Address): Promise<SignerRecord | undefined> {
    const [row] = await this.#all("SELECT * FROM signers WHERE address = ? AND holder = ?", address, this.holder);
    return row === undefined ? undefined : signerOf(row);
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

  async jobsById(ids: readonly string[]): Promise<Job[]> {
    const jobs: Job[] = [];
    for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
      const part = ids.slice(from, from + IDS_AT_ONCE);
      const marks = part.map(() => "?").concat(Array.from({ length: IDS_AT_ONCE - part.length }, () => "NULL"));
      jobs.push(...(await this.#all(`SELECT * FROM jobs WHERE id IN (${marks.join(", ")})`, ...part)).map(jobOf));
    }
    return jobs;
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
