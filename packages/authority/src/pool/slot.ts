import type { Verdict } from "../rpc/wording.ts";
import type { Attempt, Settlement, SlotRecord } from "../store/records.ts";

/** A nonce in use, and what this process knows about its way to the chain. */
export type Slot = {
  readonly signer: SlotRecord["signer"];
  readonly nonce: number;
  jobId: string | undefined;
  sinceBlock: number;
  readonly attempts: Attempt[];
  settled: Settlement | undefined;
  /** A node has said that it has the newest attempt, or another one with this nonce. */
  accepted: boolean;
  /** Some node may have an attempt: a broadcast was answered with anything but a clear refusal, or was not answered. */
  leaked: boolean;
  /** Unix time in milliseconds of the newest broadcast, and the head's number at that time. */
  sentAt: number;
  sentHead: number;
  /** Not to be broadcast again before. */
  retryAt: number;
  retries: number;
  /** The newest broadcast's refusal, until something is done about it. */
  refusal: { readonly verdict: Verdict; readonly message: string } | undefined;
  /** Broadcast again although a node had it, to see whether it still has. */
  probing: boolean;
  /** Looks in a row that found the nonce spent and no receipt of an attempt, or the receipt's block gone. */
  misses: number;
  /** Blocks below are known not to hold what spent the nonce. */
  scannedTo: number;
};

export function slotOf(record: SlotRecord, leaked: boolean): Slot {
  return {
    ...record,
    attempts: [...record.attempts],
    accepted: false,
    leaked,
    sentAt: 0,
    sentHead: 0,
    retryAt: 0,
    retries: 0,
    refusal: undefined,
    probing: false,
    misses: 0,
    scannedTo: record.sinceBlock,
  };
}

export function newest(slot: Slot): Attempt {
  const attempt = slot.attempts.at(-1);
  if (attempt === undefined) throw new Error(`nonce ${slot.nonce} of ${slot.signer} has no transaction`);
  return attempt;
}

export function recordOf(slot: Slot): SlotRecord {
  const { signer, nonce, jobId, sinceBlock, settled, attempts } = slot;
  return { signer, nonce, jobId, sinceBlock, settled, attempts };
}
