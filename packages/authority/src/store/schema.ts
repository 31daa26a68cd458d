import { PoolError } from "../pool-error.ts";
import { type Engine, type Sql, sql } from "./engine.ts";

/** Amounts are decimal text, as SQLite's integers have 64 bits. */
export const FIRST_TABLES: string = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE signers (
  address TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  state TEXT NOT NULL,
  next_nonce INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  key TEXT UNIQUE,
  fingerprint TEXT NOT NULL,
  owner TEXT NOT NULL,
  route TEXT NOT NULL,
  priority INTEGER NOT NULL,
  deadline INTEGER,
  pinned TEXT,
  call TEXT NOT NULL,
  state TEXT NOT NULL,
  signer TEXT,
  nonce INTEGER,
  receipt TEXT,
  failure TEXT,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX open_jobs ON jobs (seq) WHERE state NOT IN ('final', 'failed', 'cancelled');
CREATE TABLE slots (
  signer TEXT NOT NULL,
  nonce INTEGER NOT NULL,
  job TEXT,
  since_block INTEGER NOT NULL,
  settled TEXT,
  final INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (signer, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX open_slots ON slots (signer, nonce) WHERE final = 0;
CREATE TABLE attempts (
  hash TEXT PRIMARY KEY,
  signer TEXT NOT NULL,
  nonce INTEGER NOT NULL,
  kind TEXT NOT NULL,
  raw TEXT NOT NULL,
  max_fee TEXT NOT NULL,
  tip TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_of_slot ON attempts (signer, nonce);
`;

/** What version 2 added. */
const SHARING_AND_LIMITS = `
ALTER TABLE signers ADD COLUMN spent_window INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signers ADD COLUMN spent TEXT NOT NULL DEFAULT '0';
ALTER TABLE signers ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN gas INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN webhook TEXT;
CREATE TABLE events (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  url TEXT NOT NULL,
  tries INTEGER NOT NULL,
  due INTEGER NOT NULL,
  created INTEGER NOT NULL,
  holder TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX due_events ON events (holder, due);
CREATE TABLE sessions (hash TEXT PRIMARY KEY, subject TEXT NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE used_nonces (nonce TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE guests (id TEXT PRIMARY KEY, wallet TEXT, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX guests_by_wallet ON guests (wallet);
CREATE INDEX sessions_by_subject ON sessions (subject);
CREATE INDEX done_jobs ON jobs (updated) WHERE state IN ('final', 'failed', 'cancelled');
CREATE INDEX jobs_by_owner ON jobs (owner, created);
CREATE TABLE servers (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

const VERSIONS: readonly string[] = [FIRST_TABLES, SHARING_AND_LIMITS];

/** The statements in the words of the engine. */
function statementsOf(text: string, dialect: Engine["dialect"]): Sql[] {
  const own =
    dialect === "sqlite"
      ? text
      : text
          .replace(/\) STRICT(, WITHOUT ROWID)?;/g, ");")
          .replace(/INTEGER PRIMARY KEY/g, "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
          .replace(/INTEGER/g, "BIGINT");
  return own
    .split(";")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map((each) => sql(each));
}

/** Brings the tables to this program's version. */
export async function prepareSchema(engine: Engine): Promise<void> {
  const version = await engine.schemaVersion();
  if (version > VERSIONS.length) {
    throw new PoolError("STORE_NEWER", `the store has version ${version}, this program knows ${VERSIONS.length}`);
  }
  if (version === VERSIONS.length) return;
  const missing = VERSIONS.slice(version).flatMap((text) => statementsOf(text, engine.dialect));
  await engine.write([...missing, engine.setSchemaVersion(VERSIONS.length)]);
}
