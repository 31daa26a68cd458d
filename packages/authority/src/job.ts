import type { Address, Hex } from "viem";

/**
 * queued: durable, no nonce yet. signed: bound to a signer and a nonce, durable, perhaps broadcast. sent: a node has
 * acknowledged it. mined, reverted: in a block that may still be reorganised. final: at the stated confirmations.
 * failed: refused before it had an effect. cancelled: its nonce was spent by the pool's own replacement.
 */
export type JobState = "queued" | "signed" | "sent" | "mined" | "reverted" | "final" | "failed" | "cancelled";

/** What a job asks the chain for; amounts in wei. Without `to` it creates a contract. */
export type Call = {
  readonly to?: Address;
  readonly data: Hex;
  readonly value: bigint;
  /** Gas limit; estimated where it is not given. */
  readonly gas?: bigint;
  /** The most that an estimate may come to; the job is refused otherwise. */
  readonly maxGas?: bigint;
};

export type Receipt = {
  readonly hash: Hex;
  readonly status: "success" | "reverted";
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly gasUsed: bigint;
  readonly contractAddress?: Address;
  readonly logs: readonly { readonly address: Address; readonly topics: readonly Hex[]; readonly data: Hex }[];
};

export type JobFailure = { readonly code: string; readonly message: string; readonly data?: Hex };

export type Job = {
  readonly id: string;
  readonly idempotencyKey?: string;
  readonly fingerprint: Hex;
  /** Who asked for it; empty for the backend itself. */
  readonly owner: string;
  readonly route: string;
  /** Higher goes first. */
  readonly priority: number;
  /** Unix time in milliseconds. */
  readonly deadline?: number;
  /** Only this signer may carry it. */
  readonly pinned?: Address;
  /** URL that is told how it ends. */
  readonly webhook?: string;
  readonly call: Call;
  readonly state: JobState;
  readonly signer?: Address;
  readonly nonce?: number;
  readonly receipt?: Receipt;
  readonly failure?: JobFailure;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export function isDone(state: JobState): boolean {
  return state === "final" || state === "failed" || state === "cancelled";
}

/** Gas that a job counts with: used, or what it may use; none when it had no effect. At most 2^40 and so exact. */
export function gasOf({ state, receipt, call }: Job): number {
  if (receipt !== undefined) return Number(receipt.gasUsed);
  return state === "failed" || state === "cancelled" ? 0 : Number(call.gas ?? call.maxGas ?? 0n);
}
