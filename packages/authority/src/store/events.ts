import { randomUUID } from "node:crypto";
import type { Job, JobState } from "../job.ts";
import { type Row, type Sql, sql } from "./engine.ts";

/** That a job has come to a state, for the webhook that is to be told. */
export type EventRecord = {
  readonly id: string;
  readonly jobId: string;
  readonly owner: string;
  readonly state: JobState;
  readonly url: string;
  readonly tries: number;
  readonly createdAt: number;
};

const TOLD: ReadonlySet<JobState> = new Set(["mined", "reverted", "final", "failed", "cancelled"]);

/** Belongs into the transaction that changes the job: nothing that happened is forgotten, nothing is told too early. */
export function eventsOf(job: Job, before: JobState | undefined, holder: string): Sql[] {
  if (job.webhook === undefined || job.state === before || !TOLD.has(job.state)) return [];
  const text =
    "INSERT INTO events (id, job, owner, state, url, tries, due, created, holder) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)";
  const now = Date.now();
  return [sql(text, randomUUID(), job.id, job.owner, job.state, job.webhook, now, now, holder)];
}

export const DUE_EVENTS = "SELECT * FROM events WHERE due <= ? AND holder = ? ORDER BY due LIMIT ?";

export function eventOf(row: Row): EventRecord {
  return {
    id: String(row["id"]),
    jobId: String(row["job"]),
    owner: String(row["owner"]),
    state: row["state"] as JobState,
    url: String(row["url"]),
    tries: Number(row["tries"]),
    createdAt: Number(row["created"]),
  };
}

export function deleteEvent(id: string): Sql {
  return sql("DELETE FROM events WHERE id = ?", id);
}

export function postponeEvent(id: string, tries: number, due: number): Sql {
  return sql("UPDATE events SET tries = ?, due = ? WHERE id = ?", tries, due, id);
}
