import { equal } from "@tributary/protocol/bytes/bytes";
import type { Consensus } from "@tributary/protocol/consensus/consensus";
import type { Height, Seat, VoteRecord } from "@tributary/protocol/consensus/types";
import { accuseVotes } from "@tributary/protocol/evidence/accuse";
import type { VoteFault } from "@tributary/protocol/evidence/evidence";
import { encode, MAX_VOTE_RECORDS, type VoteMessage, voteDigest } from "@tributary/protocol/wire/index";
import type { Evidence } from "./evidence.ts";
import type { MemberContext } from "./member-context.ts";
import type { OwnMessages } from "./own-messages.ts";
import type { SlotLocks } from "./slot-locks.ts";
import type { Turn } from "./turn.ts";

/** VOTEs of one member at one height; an honest one needs a few dozen even in an unlucky height. */
const MAX_VOTES = 1024;

type SeenVote = { readonly message: VoteMessage; verified: boolean };

/** VOTE messages in both directions. */
export class Votes {
  readonly #context: MemberContext;
  readonly #core: Consensus;
  readonly #turn: Turn;
  readonly #own: OwnMessages;
  readonly #locks: SlotLocks;
  readonly #evidence: Evidence;
  /** By height and seat: to know repeats, and as evidence. */
  readonly #seen = new Map<Height, Map<Seat, SeenVote[]>>();

  constructor(
    context: MemberContext,
    core: Consensus,
    turn: Turn,
    own: OwnMessages,
    locks: SlotLocks,
    evidence: Evidence,
  ) {
    this.#context = context;
    this.#core = core;
    this.#turn = turn;
    this.#own = own;
    this.#locks = locks;
    this.#evidence = evidence;
  }

  onVote(from: Seat, message: VoteMessage, bytes: Uint8Array): void {
    const { height, records } = message;
    if (!this.#context.ours(message) || message.seat !== from) {
      this.#context.drop(from, "vote", "invalid");
      return;
    }
    if (!this.#core.wants({ kind: "vote", height })) {
      this.#context.drop(from, "vote", "outside-window");
      return;
    }
    const seen = this.#at(height, from);
    if (seen.some((known) => equal(known.message.signature, message.signature))) {
      this.#context.drop(from, "vote", "duplicate");
      return;
    }
    if (seen.length >= MAX_VOTES) {
      this.#context.drop(from, "vote", "flood");
      return;
    }
    const entry: SeenVote = { message, verified: false };
    seen.push(entry);
    this.#context.ports.verifier.node(from, voteDigest(message), message.signature, (ok) => {
      if (!ok) {
        seen.splice(seen.indexOf(entry), 1);
        this.#context.drop(from, "vote", "bad-signature");
        return;
      }
      entry.verified = true;
      if (height <= this.#context.ordered) return;
      this.#turn.input({ kind: "vote", height, from, records }, { kind: "message", from, message: bytes });
    });
  }

  replay(from: Seat, message: VoteMessage): void {
    this.#at(message.height, from).push({ message, verified: true });
  }

  /** The core saw a member contradict itself. */
  accuse(fault: VoteFault, height: Height, from: Seat): void {
    const seen = this.#seen.get(height)?.get(from) ?? [];
    const said = seen.filter(({ verified }) => verified).map(({ message }) => message);
    const evidence = accuseVotes(fault, said);
    if (evidence !== undefined) this.#evidence.keep(evidence);
  }

  /** Locks what binds; returns how to send the rest, in one VOTE where it fits. */
  release(height: Height, parts: readonly (readonly VoteRecord[])[]): (() => void) | undefined {
    if (height <= this.#context.ordered) return undefined;
    const records: VoteRecord[] = [];
    for (const record of merged(parts)) {
      const allowed = this.#locks.votes(height, record);
      if (allowed !== undefined) records.push(allowed);
    }
    if (records.length === 0) return undefined;
    return () => {
      for (let at = 0; at < records.length; at += MAX_VOTE_RECORDS) {
        this.#send(height, records.slice(at, at + MAX_VOTE_RECORDS));
      }
    };
  }

  forget(ordered: Height): void {
    for (const height of this.#seen.keys()) if (height <= ordered) this.#seen.delete(height);
  }

  #send(height: Height, records: readonly VoteRecord[]): void {
    const slot = this.#context.slot(height);
    this.#context.ports.signer.sign({ kind: "vote", slot, records }, ({ signature }) => {
      const bytes = encode({ kind: "vote", ...slot, seat: this.#context.config.seat, records, signature });
      const message = this.#own.agreement(height, "vote", bytes);
      this.#context.broadcast(message.channel, message.kind, bytes);
    });
  }

  #at(height: Height, from: Seat): SeenVote[] {
    let seats = this.#seen.get(height);
    if (seats === undefined) {
      seats = new Map();
      this.#seen.set(height, seats);
    }
    let seen = seats.get(from);
    if (seen === undefined) {
      seen = [];
      seats.set(from, seen);
    }
    return seen;
  }
}

/** Records of one kind and round become one. A seat has one value of AUX, CONF and DONE, so none is lost. */
function merged(parts: readonly (readonly VoteRecord[])[]): readonly VoteRecord[] {
  const [first, second] = parts;
  if (second === undefined) return first ?? [];
  const records = new Map<string, VoteRecord>();
  for (const part of parts) {
    for (const record of part) {
      const key = `${record.kind}.${record.round}`;
      const earlier = records.get(key);
      const zeros = record.zeros | (earlier?.zeros ?? 0n);
      const ones = record.ones | (earlier?.ones ?? 0n);
      records.set(key, { kind: record.kind, round: record.round, zeros, ones });
    }
  }
  return [...records.values()];
}
