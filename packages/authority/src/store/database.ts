import { PoolError } from "../pool-error.ts";
import type { SqlValue } from "./engine.ts";

export interface Statement {
  run(...values: readonly SqlValue[]): { readonly changes: number | bigint };
  all(...values: readonly SqlValue[]): unknown[];
}

/** The part of SQLite's synchronous API that Node's own module and better-sqlite3 have in common. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

type Constructor = new (path: string) => Database;

/**
 * Node's own SQLite where the runtime has it (22.13 and newer: no dependency, no install script), else better-sqlite3,
 * whose 12th line is the last that runs on Node 20. Both are the C library with its own file locks, which the kernel
 * releases when a process is killed; SQLite in WebAssembly leaves a lock behind that only a guess can remove.
 */
async function engine(): Promise<Constructor> {
  try {
    const { DatabaseSync } = await import("node:sqlite");
    return DatabaseSync as unknown as Constructor;
  } catch (cause) {
    const name = "better-sqlite3";
    const module = (await import(name).catch(() => undefined)) as { readonly default: Constructor } | undefined;
    if (module === undefined) {
      throw new PoolError("NO_SQLITE", "this Node has no node:sqlite (22.13 and newer do): install better-sqlite3@12", {
        cause,
      });
    }
    return module.default;
  }
}

/**
 * Opens or creates the file. A commit is on disk when it returns (WAL, synchronous FULL). The file belongs to one
 * process at a time: two that sign with the same keys would spend the same nonces.
 */
export async function openDatabase(path: string): Promise<Database> {
  const Engine = await engine();
  const database = new Engine(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("BEGIN IMMEDIATE; COMMIT");
    return database;
  } catch (cause) {
    database.close();
    if (cause instanceof Error && /locked|busy/i.test(cause.message)) {
      throw new PoolError("STORE_IN_USE", `another process has ${path} open`, { cause });
    }
    throw cause;
  }
}

/** All of `work`'s writes, durable when it returns, or none of them. */
export function transaction<T>(database: Database, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  let result: T;
  try {
    result = work();
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
  return result;
}
