import type { Address, Hex } from "viem";
import { type Call, gasOf, type Job, type JobFailure, type JobState, type Receipt } from "../job.ts";
import type { Row, SqlValue } from "./engine.ts";

type CallJson = {
  readonly to?: Address;
  readonly data: Hex;
  readonly value: string;
  readonly gas?: string;
  readonly maxGas?: string;
};

function callJson(call: Call): string {
  const { to, data, value, gas, maxGas } = call;
  const json: CallJson = {
    ...(to === undefined ? {} : { to }),
    data,
    value: value.toString(),
    ...(gas === undefined ? {} : { gas: gas.toString() }),
    ...(maxGas === undefined ? {} : { maxGas: maxGas.toString() }),
  };
  return JSON.stringify(json);
}

function callOf(text: string): Call {
  const { to, data, value, gas, maxGas } = JSON.parse(text) as CallJson;
  return {
    ...(to === undefined ? {} : { to }),
    data,
    value: BigInt(value),
    ...(gas === undefined ? {} : { gas: BigInt(gas) }),
    ...(maxGas === undefined ? {} : { maxGas: BigInt(maxGas) }),
  };
}

function receiptJson(receipt: Receipt | undefined): SqlValue {
  return receipt === undefined ? null : JSON.stringify({ ...receipt, gasUsed: receipt.gasUsed.toString() });
}

function receiptOf(text: string): Receipt {
  const { gasUsed, ...rest } = JSON.parse(text) as Omit<Receipt, "gasUsed"> & { readonly gasUsed: string };
  return { ...rest, gasUsed: BigInt(gasUsed) };
}

/** The columns that change, in the order of `UPDATE_JOB`. */
export function changingColumns(job: Job): SqlValue[] {
  return [
    job.state,
    job.signer ?? null,
    job.nonce ?? null,
    receiptJson(job.receipt),
    job.failure === undefined ? null : JSON.stringify(job.failure),
    gasOf(job),
    job.updatedAt,
    job.id,
  ];
}

export const UPDATE_JOB =
  "UPDATE jobs SET state = ?, signer = ?, nonce = ?, receipt = ?, failure = ?, gas = ?, updated = ? WHERE id = ?";

export const INSERT_JOB: string =
  "INSERT INTO jobs (id, key, fingerprint, owner, route, priority, deadline, pinned, call, state, gas, created," +
  " updated, webhook, holder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING";

export function insertedColumns(job: Job): SqlValue[] {
  return [
    job.id,
    job.idempotencyKey ?? null,
    job.fingerprint,
    job.owner,
    job.route,
    job.priority,
    job.deadline ?? null,
    job.pinned ?? null,
    callJson(job.call),
    job.state,
    gasOf(job),
    job.createdAt,
    job.updatedAt,
    job.webhook ?? null,
  ];
}

export function jobOf(row: Row): Job {
  const { key, deadline, pinned, webhook, signer, nonce, receipt, failure } = row;
  return {
    id: String(row["id"]),
    ...(typeof key === "string" ? { idempotencyKey: key } : {}),
    fingerprint: row["fingerprint"] as Hex,
    owner: String(row["owner"]),
    route: String(row["route"]),
    priority: Number(row["priority"]),
    ...(deadline !== null && deadline !== undefined ? { deadline: Number(deadline) } : {}),
    ...(typeof pinned === "string" ? { pinned: pinned as Address } : {}),
    ...(typeof webhook === "string" ? { webhook } : {}),
    call: callOf(String(row["call"])),
    state: row["state"] as JobState,
    ...(typeof signer === "string" ? { signer: signer as Address } : {}),
    ...(nonce !== null && nonce !== undefined ? { nonce: Number(nonce) } : {}),
    ...(typeof receipt === "string" ? { receipt: receiptOf(receipt) } : {}),
    ...(typeof failure === "string" ? { failure: JSON.parse(failure) as JobFailure } : {}),
    createdAt: Number(row["created"]),
    updatedAt: Number(row["updated"]),
  };
}
