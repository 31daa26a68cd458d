// Evidence from messages as members exchange them.

import { compare } from "../bytes/bytes.ts";
import { hashBytes } from "../bytes/fields.ts";
import { Writer } from "../bytes/writer.ts";
import type { ProposalHeader, Seat, VoteRecord } from "../consensus/types.ts";
import type { AckMessage, DecideMessage, Envelope, FinalMessage, VoteMessage } from "../wire/messages.ts";
import { writeProposalFields } from "../wire/proposal-header.ts";
import type { SlotName } from "../wire/slot.ts";
import { writeVoteRecords } from "../wire/vote-records.ts";
import { encodeEvidence } from "./codec.ts";
import type { Evidence, Statement, VoteFault } from "./evidence.ts";
import { conflict, statementDigest, statementValue } from "./verify.ts";

/** A proposal without its body: header and node signature say what the proposer said. */
export type SignedHeader = { readonly header: ProposalHeader; readonly signature: Uint8Array };

/** Two proposals of one seat for one height. */
export function accuseProposals(first: SignedHeader, second: SignedHeader): Uint8Array {
  const { header } = first;
  return paired({
    ...about(header, header.seat),
    kind: "proposal",
    statements: [proposalStatement(first), proposalStatement(second)],
  });
}

/** Two acknowledgements of one seat for different proposals of one proposer. */
export function accuseAcks(first: AckMessage, second: AckMessage): Uint8Array {
  return paired({
    ...about(first, first.seat),
    kind: "ack",
    proposer: first.proposer,
    statements: [hashStatement(first, first.digest), hashStatement(second, second.digest)],
  });
}

/** Two DECIDEs of one seat over different orders of one height. */
export function accuseDecides(first: DecideMessage, second: DecideMessage): Uint8Array {
  return paired({
    ...about(first, first.seat),
    kind: "decide",
    statements: [hashStatement(first, first.digest), hashStatement(second, second.digest)],
  });
}

/** Two FINALs of one seat over different headers of one height. */
export function accuseFinals(first: FinalMessage, second: FinalMessage): Uint8Array {
  return paired({
    ...about(first, first.seat),
    kind: "final",
    statements: [hashStatement(first, first.hash), hashStatement(second, second.hash)],
  });
}

/**
 * The first contradiction of a kind among the VOTEs of one seat for one height, within one message or across two;
 * undefined where there is none: EST for both values, repeats and records spread over messages are lawful.
 */
export function accuseVotes(kind: VoteFault, messages: readonly VoteMessage[]): Uint8Array | undefined {
  const said: Said[] = [];
  for (const message of messages) {
    for (const [index, record] of message.records.entries()) {
      if (record.kind !== kind) continue;
      const entry: Said = { message, index, record };
      said.push(entry);
      const earlier = said.find((other) => conflict(kind, other.record, record) !== 0n);
      if (earlier !== undefined) return voteEvidence(kind, earlier, entry);
    }
  }
  return undefined;
}

type Said = { readonly message: VoteMessage; readonly index: number; readonly record: VoteRecord };

function voteEvidence(kind: VoteFault, first: Said, second: Said): Uint8Array {
  const base = { ...about(first.message, first.message.seat), kind, records: [first.index, second.index] as const };
  const statement = voteStatement(first.message);
  if (first.message === second.message) return encodeEvidence({ ...base, statements: [statement] });
  const other = voteStatement(second.message);
  return paired({ ...base, statements: [statement, other] });
}

/** In the one order that evidence has. */
function paired(evidence: Evidence): Uint8Array {
  const [first, second] = evidence.statements;
  if (second === undefined) return encodeEvidence(evidence);
  const value = (statement: Statement): Uint8Array =>
    statementValue(evidence, statement, statementDigest(evidence, statement));
  if (compare(value(first), value(second)) <= 0) return encodeEvidence(evidence);
  if (!("records" in evidence)) return encodeEvidence({ ...evidence, statements: [second, first] });
  const [a, b] = evidence.records;
  return encodeEvidence({ ...evidence, statements: [second, first], records: [b, a] });
}

function about({ group, era, epoch, height }: SlotName, seat: Seat): SlotName & { readonly seat: Seat } {
  return { group, era, epoch, height, seat };
}

function proposalStatement({ header, signature }: SignedHeader): Statement {
  const writer = new Writer();
  writeProposalFields(writer, header);
  const fields = writer.finish();
  const content = new Uint8Array(fields.length - 2);
  content.set(fields.subarray(0, 2));
  content.set(fields.subarray(4), 2);
  return { content, signature };
}

function hashStatement(
  { share, signature }: Pick<Envelope, "signature"> & { readonly share: Uint8Array },
  hash: `0x${string}`,
): Statement {
  return { content: new Writer(128).bytes(hashBytes(hash)).bytes(share).finish(), signature };
}

function voteStatement({ records, signature }: VoteMessage): Statement {
  const writer = new Writer();
  writeVoteRecords(writer, records);
  return { content: writer.finish().subarray(2), signature };
}
