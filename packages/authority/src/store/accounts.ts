import { type Engine, type Sql, sql, Unexpected } from "./engine.ts";

/** Rows that one clean-up deletes of each table at most. */
const CLEANED = 1_000;

/** Sessions of wallets and guests, spent login nonces, and which wallet has claimed which guest. Times are milliseconds. */
export class Accounts {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Spends the login's nonce and opens its session in one transaction; false when the nonce was spent before. */
  async logIn(nonce: string, nonceExpires: number, session: Session): Promise<boolean> {
    return await this.#unless([
      expectOne(
        sql(
          "INSERT INTO used_nonces (nonce, expires) VALUES (?, ?) ON CONFLICT (nonce) DO NOTHING",
          nonce,
          nonceExpires,
        ),
      ),
      openSession(session),
    ]);
  }

  async newGuest(id: string, session: Session): Promise<void> {
    const guest = sql("INSERT INTO guests (id, expires) VALUES (?, ?)", id, session.expires);
    await this.#engine.write([guest, openSession(session)]);
  }

  /** Who is behind a token's hash. */
  async subject(hash: string, now: number): Promise<string | undefined> {
    const [row] = await this.#engine.query(
      sql("SELECT subject FROM sessions WHERE hash = ? AND expires > ?", hash, now),
    );
    return row === undefined ? undefined : String(row["subject"]);
  }

  async logOut(hash: string): Promise<void> {
    await this.#engine.write([sql("DELETE FROM sessions WHERE hash = ?", hash)]);
  }

  /** The guest is the wallet's for ever and logs in by itself no more; false when it was claimed before. */
  async claim(guest: string, wallet: string): Promise<boolean> {
    return await this.#unless([
      expectOne(sql("UPDATE guests SET wallet = ? WHERE id = ? AND wallet IS NULL", wallet, guest)),
      sql("DELETE FROM sessions WHERE subject = ?", guest),
    ]);
  }

  async hasClaimed(wallet: string, guest: string): Promise<boolean> {
    const rows = await this.#engine.query(sql("SELECT id FROM guests WHERE id = ? AND wallet = ?", guest, wallet));
    return rows.length > 0;
  }

  /** At most a thousand. */
  async claimedBy(wallet: string): Promise<string[]> {
    const rows = await this.#engine.query(sql("SELECT id FROM guests WHERE wallet = ? ORDER BY id LIMIT 1000", wallet));
    return rows.map((row) => String(row["id"]));
  }

  /** Forgets what has expired; a guest that was claimed stays. */
  async clean(now: number): Promise<void> {
    const expired = (table: string, key: string, more = ""): Sql =>
      sql(
        `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE expires <= ?${more} LIMIT ?)`,
        now,
        CLEANED,
      );
    await this.#engine.write([
      expired("sessions", "hash"),
      expired("used_nonces", "nonce"),
      expired("guests", "id", " AND wallet IS NULL"),
    ]);
  }

  /** False when a statement did not change what it must. */
  async #unless(statements: readonly Sql[]): Promise<boolean> {
    try {
      await this.#engine.write(statements);
      return true;
    } catch (error) {
      if (error instanceof Unexpected) return false;
      throw error;
    }
  }
}

export type Session = { readonly hash: string; readonly subject: string; readonly expires: number };

function openSession({ hash, subject, expires }: Session): Sql {
  return sql("INSERT INTO sessions (hash, subject, expires) VALUES (?, ?, ?)", hash, subject, expires);
}

function expectOne(statement: Sql): Sql {
  return { ...statement, expect: 1 };
}
