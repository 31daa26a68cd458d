import { PoolError } from "../pool-error.ts";
import { type Database, transaction } from "./database.ts";

const VERSION = 2;

/** Amounts are decimal text, as SQLite's integers have 64 bits. */
const TABLES = `
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
const SPENDING_AND_QUOTAS = `
ALTER TABLE signers ADD COLUMN spent_window INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signers ADD COLUMN spent TEXT NOT NULL DEFAULT '0';
CREATE INDEX jobs_by_time ON jobs (created);
`;

export function prepareSchema(database: Database): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as { readonly user_version: number };
  if (version > VERSION) {
    throw new PoolError("STORE_NEWER", `the store has version ${version}, this program knows ${VERSION}`);
  }
  if (version === VERSION) return;
  transaction(database, () => {
    if (version === 0) database.exec(TABLES);
    database.exec(SPENDING_AND_QUOTAS);
    database.exec(`PRAGMA user_version = ${VERSION}`);
  });
}
