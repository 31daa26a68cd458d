// What a transaction of the store is made of.
import type { Address } from "viem";
import type { Job } from "../job.ts";
import { type Sql, sql } from "./engine.ts";
import { changingColumns, INSERT_JOB, insertedColumns, UPDATE_JOB } from "./job-row.ts";
import type { Attempt, SignerRecord, SlotRecord } from "./records.ts";

/** Changes no row when the key belongs to another job. */
export function insertJob(job: Job, holder: string): Sql {
  return sql(INSERT_JOB, ...insertedColumns(job), holder);
}

export function updateJob(job: Job): Sql {
  return sql(UPDATE_JOB, ...changingColumns(job));
}

export function putMeta(name: string, value: string): Sql {
  const text = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
  return sql(text, name, value);
}

export function putSigner(signer: SignerRecord, holder: string): Sql {
  const { address, role, state, nextNonce, spending } = signer;
  const text =
    "INSERT INTO signers (address, role, state, next_nonce, spent_window, spent, holder) VALUES (?, ?, ?, ?, ?, ?, ?)" +
    " ON CONFLICT (address) DO UPDATE SET role = excluded.role, state = excluded.state, holder = excluded.holder," +
    " next_nonce = excluded.next_nonce, spent_window = excluded.spent_window, spent = excluded.spent";
  return sql(text, address, role, state, nextNonce, spending.window, spending.wei.toString(), holder);
}

export function putSlot(slot: SlotRecord, final = false): Sql {
  const { signer, nonce, jobId, sinceBlock } = slot;
  const settled = slot.settled === undefined ? null : JSON.stringify(slot.settled);
  const text =
    "INSERT INTO slots (signer, nonce, job, since_block, settled, final) VALUES (?, ?, ?, ?, ?, ?)" +
    " ON CONFLICT (signer, nonce) DO UPDATE SET job = excluded.job, since_block = excluded.since_block," +
    " settled = excluded.settled, final = excluded.final";
  return sql(text, signer, nonce, jobId ?? null, sinceBlock, settled, final ? 1 : 0);
}

/** Takes a signer that no server has; changes no row when another one has it. A known signer keeps its nonce. */
export function claimSigner(signer: SignerRecord, holder: string): Sql {
  const { address, role, state, nextNonce } = signer;
  const text =
    "INSERT INTO signers (address, role, state, next_nonce, holder) VALUES (?, ?, ?, ?, ?)" +
    " ON CONFLICT (address) DO UPDATE SET role = excluded.role, state = excluded.state, holder = excluded.holder" +
    " WHERE signers.holder IN ('', excluded.holder)";
  return sql(text, address, role, state, nextNonce, holder);
}

/** Leaves a signer to whoever wants it. */
export function releaseSigner(address: Address): Sql {
  return sql("UPDATE signers SET holder = '' WHERE address = ?", address);
}

/** Forgets a slot none of whose attempts can ever be mined. */
export function deleteSlot(signer: Address, nonce: number): Sql[] {
  return ["slots", "attempts"].map((table) =>
    sql(`DELETE FROM ${table} WHERE signer = ? AND nonce = ?`, signer, nonce),
  );
}

/** Forgets all nonces and transactions of a signer, those of final jobs too. */
export function clearSlots(signer: Address): Sql[] {
  return ["slots", "attempts"].map((table) => sql(`DELETE FROM ${table} WHERE signer = ?`, signer));
}

export function insertAttempt(signer: Address, nonce: number, attempt: Attempt): Sql {
  const { hash, kind, raw, maxFee, tip, createdAt } = attempt;
  const text =
    "INSERT INTO attempts (hash, signer, nonce, kind, raw, max_fee, tip, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
  return sql(text, hash, signer, nonce, kind, raw, maxFee.toString(), tip.toString(), createdAt);
}
