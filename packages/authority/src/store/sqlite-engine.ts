import { type Database, openDatabase, type Statement, transaction } from "./database.ts";
import { type Engine, type Row, type Sql, sql, Unexpected } from "./engine.ts";

/** SQLite on the calling thread: a write is over before its promise is there. */
export class SqliteEngine implements Engine {
  readonly dialect = "sqlite";
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** `path`: a file, created where it does not exist; `:memory:` forgets everything with the process. */
  static async open(path: string): Promise<SqliteEngine> {
    return new SqliteEngine(await openDatabase(path));
  }

  async schemaVersion(): Promise<number> {
    const [row] = this.#database.prepare("PRAGMA user_version").all() as Row[];
    return Number(row?.["user_version"]);
  }

  setSchemaVersion(version: number): Sql {
    return sql(`PRAGMA user_version = ${version}`);
  }

  async query({ text, values }: Sql): Promise<Row[]> {
    return this.#prepared(text).all(...values) as Row[];
  }

  async write(statements: readonly Sql[]): Promise<number[]> {
    return transaction(this.#database, () => statements.map((statement) => this.#run(statement)));
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #run({ text, values, expect }: Sql): number {
    const { changes } = this.#prepared(text).run(...values);
    if (expect !== undefined && Number(changes) !== expect) throw new Unexpected(text);
    return Number(changes);
  }

  #prepared(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}
