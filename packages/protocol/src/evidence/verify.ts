import { compare, equal } from "../bytes/bytes.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import type { HexHash, VoteRecord } from "../consensus/types.ts";
import { digest, type Tag } from "../crypto/digest.ts";
import type { NodeSignatures } from "../crypto/secp256k1.ts";
import { toSlot } from "../wire/slot.ts";
import { VOTE_RECORD_BYTES } from "../wire/vote-records.ts";
import { decodeEvidence } from "./codec.ts";
import type { Evidence, EvidenceFault, EvidenceKind, Offence, Statement, VoteFault } from "./evidence.ts";

/** The committee that evidence is judged by. */
export type Bench = {
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  /** N. */
  readonly members: number;
};

/** A signature that has to be by the node key of the offence's seat. */
export type Claim = { readonly digest: Uint8Array; readonly signature: Uint8Array };

export type Verdict<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly fault: EvidenceFault };

const tags: { readonly [kind in EvidenceKind]: Tag } = {
  proposal: "proposal",
  ack: "ack",
  decide: "decide",
  final: "final-msg",
  aux: "vote",
  conf: "vote",
  done: "vote",
};
/** The wire's byte of the kind of a vote record. */
const recordKinds: { readonly [kind in VoteFault]: number } = { aux: 1, conf: 2, done: 3 };

/**
 * Everything but the signatures: what the evidence would prove, and which signatures it takes. For who checks signatures
 * elsewhere.
 */
export function readEvidence(
  bytes: Uint8Array,
  bench: Bench,
): Verdict<{ readonly offence: Offence; readonly claims: readonly Claim[] }> {
  const evidence = decodeEvidence(bytes);
  if (evidence === undefined) return refused("malformed");
  const { kind, group, era, epoch, height, seat } = evidence;
  if (group !== bench.group || era !== bench.era || epoch !== bench.epoch) return refused("other-committee");
  if (seat >= bench.members) return refused("no-such-seat");
  const claims = evidence.statements.map((statement) => ({
    digest: statementDigest(evidence, statement),
    signature: statement.signature,
  }));
  const fault = order(evidence, claims) ?? (contradicts(evidence, bench.members) ? undefined : "lawful");
  if (fault !== undefined) return refused(fault);
  return { ok: true, offence: { kind, group, era, epoch, height, seat }, claims };
}

/**
 * Whether the evidence proves that the node in its seat broke a rule that no honest member breaks. `addresses`: of the
 * committee's node keys by seat, 20 bytes each.
 */
export function verifyEvidence(
  bytes: Uint8Array,
  bench: Omit<Bench, "members"> & { readonly addresses: readonly Uint8Array[] },
  signatures: Pick<NodeSignatures, "recoverAddress">,
): Verdict<{ readonly offence: Offence; readonly address: Uint8Array }> {
  const read = readEvidence(bytes, { ...bench, members: bench.addresses.length });
  if (!read.ok) return read;
  const address = bench.addresses[read.offence.seat];
  if (address === undefined) return refused("no-such-seat");
  for (const claim of read.claims) {
    const signer = signatures.recoverAddress(claim.digest, claim.signature);
    if (signer === undefined || !equal(signer, address)) return refused("bad-signature");
  }
  return { ok: true, offence: read.offence, address };
}

/** What the member's node key signed: the digest of the envelope that the statement was taken from. */
export function statementDigest(evidence: Evidence, { content }: Statement): Uint8Array {
  const writer = new Writer(content.length + 8);
  if (evidence.kind === "proposal") {
    writer.bytes(content.subarray(0, 2)).u16(evidence.seat).bytes(content.subarray(2));
  } else {
    writer.u16(evidence.seat);
    if (evidence.kind === "ack") writer.u16(evidence.proposer);
    else if ("records" in evidence) writer.u16(content.length / VOTE_RECORD_BYTES);
    writer.bytes(content);
  }
  return digest(tags[evidence.kind], toSlot(evidence), writer.finish());
}

/** What a pair must differ in, and is ordered by: p, D or the header's hash; of a VOTE its digest. */
export function statementValue(
  { kind }: Pick<Evidence, "kind">,
  { content }: Statement,
  claimed: Uint8Array,
): Uint8Array {
  return kind === "ack" || kind === "decide" || kind === "final" ? content.subarray(0, 32) : claimed;
}

/** The same said twice is lawful, even with another share; a pair the wrong way round is not in its one form. */
function order(evidence: Evidence, claims: readonly Claim[]): EvidenceFault | undefined {
  const [first, second] = evidence.statements;
  const [firstClaim, secondClaim] = claims;
  if (second === undefined || firstClaim === undefined || secondClaim === undefined) return undefined;
  const difference = compare(
    statementValue(evidence, first, firstClaim.digest),
    statementValue(evidence, second, secondClaim.digest),
  );
  return difference === 0 ? "lawful" : difference > 0 ? "malformed" : undefined;
}

function contradicts(evidence: Evidence, members: number): boolean {
  if (evidence.kind === "ack") return evidence.proposer < members;
  if (!("records" in evidence)) return true;
  const [first, last = first] = evidence.statements;
  const a = recordAt(first, evidence.records[0]);
  const b = recordAt(last, evidence.records[1]);
  const kind = recordKinds[evidence.kind];
  if (a.kind !== kind || b.kind !== kind) return false;
  return (conflict(evidence.kind, a, b) & ((1n << BigInt(members)) - 1n)) !== 0n;
}

/** Seats to which the two records, or one record with itself, give what excludes each other. */
export function conflict(kind: VoteFault, a: Omit<VoteRecord, "kind">, b: Omit<VoteRecord, "kind">): bigint {
  if (kind !== "done" && a.round !== b.round) return 0n;
  if (kind !== "conf") return (a.zeros & b.ones) | (a.ones & b.zeros);
  const both = (a.zeros | a.ones) & (b.zeros | b.ones);
  return both & ((a.zeros ^ b.zeros) | (a.ones ^ b.ones));
}

function recordAt({ content }: Statement, index: number): Omit<VoteRecord, "kind"> & { readonly kind: number } {
  const reader = new Reader(content.subarray(index * VOTE_RECORD_BYTES, (index + 1) * VOTE_RECORD_BYTES));
  return { kind: reader.u8(), round: reader.u16(), zeros: reader.u64(), ones: reader.u64() };
}

function refused(fault: EvidenceFault): { readonly ok: false; readonly fault: EvidenceFault } {
  return { ok: false, fault };
}
