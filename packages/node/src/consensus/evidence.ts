import type { Height, ProposalHeader, Seat, VoteRecord } from "@tributary/protocol/consensus/types";
import { encode, type VoteMessage } from "@tributary/protocol/wire/index";
import type { MemberContext } from "./member-context.ts";

export type Fault = "proposal" | "ack" | "decide" | "final" | "aux" | "conf" | "done";

/**
 * Keeps two contradicting signed envelopes of one member, once for each fault, height and seat. consensus.md 12. EST for
 * both values, repeats, and records that are spread over messages are lawful and never come here.
 */
export class Evidence {
  readonly #context: MemberContext;
  readonly #kept = new Set<string>();

  constructor(context: MemberContext) {
    this.#context = context;
  }

  keep(fault: Fault, height: Height, from: Seat, first: Uint8Array, second: Uint8Array): void {
    const key = `${fault}.${from}`;
    const name = `${height}.${key}`;
    if (this.#kept.has(name)) return;
    this.#kept.add(name);
    this.#context.ports.store.putEvidence(height, key, first, second);
    this.#context.report({ kind: "evidence", fault, height, from });
  }

  forget(final: Height): void {
    for (const name of this.#kept) if (Number.parseInt(name, 10) <= final) this.#kept.delete(name);
  }
}

/** A proposal's envelope without its body: header and node signature prove what the proposer said. */
export function proposalEnvelope(header: ProposalHeader, signature: Uint8Array): Uint8Array {
  return encode({ kind: "proposal", header, signature, body: new Uint8Array(0) });
}

export type SeenVote = { readonly message: VoteMessage; readonly bytes: Uint8Array };

/** Two envelopes of one member (or one and the same) that give one seat two values of this kind in one round. */
export function contradictingVotes(
  fault: "aux" | "conf" | "done",
  seen: readonly SeenVote[],
): readonly [Uint8Array, Uint8Array] | undefined {
  const said: { readonly record: VoteRecord; readonly bytes: Uint8Array }[] = [];
  for (const { message, bytes } of seen) {
    for (const record of message.records) {
      if (record.kind !== fault) continue;
      if (fault !== "conf" && (record.zeros & record.ones) !== 0n) return [bytes, bytes];
      const other = said.find((earlier) => contradict(earlier.record, record));
      if (other !== undefined) return [other.bytes, bytes];
      said.push({ record, bytes });
    }
  }
  return undefined;
}

function contradict(a: VoteRecord, b: VoteRecord): boolean {
  if (a.round !== b.round) return false;
  const both = (a.zeros | a.ones) & (b.zeros | b.ones);
  return (both & ((a.zeros ^ b.zeros) | (a.ones ^ b.ones))) !== 0n;
}
