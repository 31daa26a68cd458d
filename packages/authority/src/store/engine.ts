export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** `?` stands for each value in turn. */
export type Sql = {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** Rows that it must change; with another number nothing of its transaction happens. */
  readonly expect?: number;
};

/** A statement has not changed what it must: somebody else has, and the transaction was rolled back. */
export class Unexpected extends Error {
  override readonly name = "Unexpected";
}

/** A database that speaks SQL: SQLite in this process, or PostgreSQL. */
export interface Engine {
  /** The types and clauses that differ; tables are written in SQLite's words. */
  readonly dialect: "sqlite" | "postgres";
  /** 0: there are no tables yet. */
  schemaVersion(): Promise<number>;
  setSchemaVersion(version: number): Sql;
  query(sql: Sql): Promise<Row[]>;
  /** One transaction, durable when it resolves: the rows that each statement changed. */
  write(statements: readonly Sql[]): Promise<number[]>;
  close(): Promise<void>;
}

export function sql(text: string, ...values: readonly SqlValue[]): Sql {
  return { text, values };
}
