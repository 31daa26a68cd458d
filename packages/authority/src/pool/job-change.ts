import type { Job, JobFailure, JobState, Receipt } from "../job.ts";
import type { Slot } from "./slot.ts";

type Change = {
  readonly state?: JobState;
  readonly receipt?: Receipt;
  /** Given as undefined: there is none any more. */
  readonly failure?: JobFailure | undefined;
  readonly place?: Pick<Slot, "signer" | "nonce">;
};

/** What `job` becomes. A state without a nonce or a receipt takes them away. */
export function changed(job: Job, change: Change): Job {
  const { signer, nonce, receipt, failure: before, ...rest } = job;
  const failure = "failure" in change ? change.failure : before;
  const state = change.state ?? job.state;
  const unbound = state === "queued" || change.place !== undefined;
  const place = unbound ? change.place : signer === undefined || nonce === undefined ? undefined : { signer, nonce };
  const kept = state === "queued" || state === "signed" || state === "sent" ? undefined : (change.receipt ?? receipt);
  return {
    ...rest,
    state,
    ...(place === undefined ? {} : { signer: place.signer, nonce: place.nonce }),
    ...(kept === undefined ? {} : { receipt: kept }),
    ...(failure === undefined ? {} : { failure }),
    updatedAt: Date.now(),
  };
}

export const SUPERSEDED: JobFailure = { code: "CANCELLED", message: "a replacement of the pool took its nonce" };

/** What becomes of a job that has lost its nonce: it waits for another one, unless it was being cancelled. */
export function released(job: Job, slot: Slot): Job {
  const unwanted = slot.attempts.some(({ kind }) => kind === "cancel");
  return changed(job, unwanted ? { state: "cancelled", failure: job.failure ?? SUPERSEDED } : { state: "queued" });
}
