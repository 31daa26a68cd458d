import type { Pool, PoolClient, QueryConfig } from "pg";
import { type Engine, type Row, type Sql, sql, Unexpected } from "./engine.ts";

const CONNECTIONS = 4;
/** Milliseconds after which a statement that waits for another server's has failed. */
const STATEMENT_MS = 30_000;
/** Times that a write is tried that the database sacrificed to another one. */
const TRIES = 10;
/** SQLSTATE deadlock_detected and serialization_failure: rolled back whole, to be tried again. */
const SACRIFICED = new Set(["40P01", "40001"]);
/** Whoever makes the tables holds this advisory lock. */
const SCHEMA_LOCK = 7_281_043;

/** PostgreSQL, for servers that share one queue. A commit is on its disk when a write resolves. */
export class PostgresEngine implements Engine {
  readonly dialect = "postgres";
  readonly #pool: Pool;
  readonly #texts = new Map<string, { readonly text: string; readonly name: string }>();

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * `url`: postgres://USER@HOST/DATABASE; the password comes from a file (PGPASSFILE). `prepare` makes the tables while
   * no other server does.
   */
  static async open(url: string, prepare: (engine: Engine) => Promise<void>): Promise<PostgresEngine> {
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      statement_timeout: STATEMENT_MS,
      application_name: "tributary authority",
    });
    // An idle connection that ends is replaced; what was being asked fails by itself.
    pool.on("error", () => undefined);
    try {
      const engine = new PostgresEngine(pool);
      const client = await pool.connect();
      try {
        await client.query("SELECT pg_advisory_lock($1)", [SCHEMA_LOCK]);
        await prepare(engine);
        await client.query("SELECT pg_advisory_unlock($1)", [SCHEMA_LOCK]);
      } finally {
        client.release(true);
      }
      return engine;
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  async schemaVersion(): Promise<number> {
    await this.#pool.query("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)");
    const [row] = await this.query(sql("SELECT MAX(version) AS version FROM schema_version"));
    return Number(row?.["version"] ?? 0);
  }

  setSchemaVersion(version: number): Sql {
    return sql("INSERT INTO schema_version (version) VALUES (?)", version);
  }

  async query(statement: Sql): Promise<Row[]> {
    return (await this.#pool.query(this.#config(statement))).rows as Row[];
  }

  /** Servers that accept the same keys in different orders wait for each other: the database ends one of two, once. */
  async write(statements: readonly Sql[]): Promise<number[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#writeOnce(statements);
      } catch (error) {
        if (tries === TRIES || !SACRIFICED.has((error as { readonly code?: string }).code ?? "")) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #writeOnce(statements: readonly Sql[]): Promise<number[]> {
    const client = await this.#pool.connect();
    let broken = true;
    try {
      await client.query("BEGIN");
      const counts = await this.#runAll(client, statements);
      await client.query("COMMIT");
      broken = false;
      return counts;
    } catch (error) {
      // Rolled back by hand, or with the connection.
      broken = await client.query("ROLLBACK").then(
        () => false,
        () => true,
      );
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async #runAll(client: PoolClient, statements: readonly Sql[]): Promise<number[]> {
    const counts: number[] = [];
    for (const statement of statements) {
      const { rowCount } = await client.query(this.#config(statement));
      if (statement.expect !== undefined && rowCount !== statement.expect) throw new Unexpected(statement.text);
      counts.push(rowCount ?? 0);
    }
    return counts;
  }

  /** Prepared once a connection; the texts are constants of this program and so few. */
  #config({ text, values }: Sql): QueryConfig {
    let known = this.#texts.get(text);
    if (known === undefined) {
      let index = 0;
      known = { text: text.replace(/\?/g, () => `$${++index}`), name: `s${this.#texts.size}` };
      this.#texts.set(text, known);
    }
    return { ...known, values: [...values] };
  }
}
