import { toHex } from "@tributary/protocol/bytes/hex";
import type { Consensus } from "@tributary/protocol/consensus/consensus";
import type { Height, Proposal, ProposalHeader, Seat } from "@tributary/protocol/consensus/types";
import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { accuseAcks, accuseProposals } from "@tributary/protocol/evidence/accuse";
import {
  type AckMessage,
  ackDigest,
  availableDigest,
  type CertificateMessage,
  encode,
  hashBytes,
  type ProposalMessage,
  toProposal,
} from "@tributary/protocol/wire/index";
import type { Bodies } from "./bodies.ts";
import type { Evidence } from "./evidence.ts";
import type { MemberContext } from "./member-context.ts";
import type { OwnMessages } from "./own-messages.ts";
import type { ProposalBuilder } from "./proposal-builder.ts";
import { type Signed, UNSIGNED, verifyCertificate, verifyProposal } from "./proposal-checks.ts";
import { ShareCollector } from "./share-collector.ts";
import type { SlotLocks } from "./slot-locks.ts";
import type { Turn } from "./turn.ts";

export const PROPOSAL_VERSION = 1;
/** Milliseconds for which a certificate waits for others at most: until there are q, and after that. */
const GATHER_MS = 200;
const GATHER_REST_MS = 15;

/** Signed as late as it is sent: what a log lost could not be proposed again otherwise. */
type Own = {
  readonly proposal: Proposal;
  signature: Uint8Array;
  readonly body: Uint8Array;
  collector: ShareCollector | undefined;
};

/** Of one height above c. */
type HeightState = {
  /** First verified proposal of each seat. */
  readonly proposals: Map<Seat, Signed>;
  /** Seats whose proposal is being verified. */
  readonly checking: Set<Seat>;
  /** CERT messages as they are served. */
  readonly certificates: Map<Seat, Uint8Array>;
  /** When the first of them came, on this member's clock. */
  certifiedSince: number | undefined;
  /** `proposer.speaker` of certificates that are being verified. */
  readonly checkingCertificates: Set<string>;
  /** Those that wait for others, to be verified in one batch. At most one a pair of proposer and speaker. */
  readonly gathered: { readonly seat: Seat; readonly verify: () => void }[];
  gathering: (() => void) | undefined;
  /** First verified ACK of each seat for the own proposal. */
  readonly acknowledgements: Map<Seat, AckMessage>;
  /** How often a certificate of the seat was asked for. */
  readonly fetches: Map<Seat, number>;
};

/** Proposals, acknowledgements and certificates of availability. consensus.md 4. */
export class Availability {
  readonly #context: MemberContext;
  readonly #core: Consensus;
  readonly #turn: Turn;
  readonly #own: OwnMessages;
  readonly #bodies: Bodies;
  readonly #builder: ProposalBuilder;
  readonly #locks: SlotLocks;
  readonly #evidence: Evidence;
  readonly #heights = new Map<Height, HeightState>();
  readonly #proposed = new Map<Height, Own>();

  constructor(
    context: MemberContext,
    core: Consensus,
    turn: Turn,
    own: OwnMessages,
    bodies: Bodies,
    builder: ProposalBuilder,
    locks: SlotLocks,
    evidence: Evidence,
  ) {
    this.#context = context;
    this.#core = core;
    this.#turn = turn;
    this.#own = own;
    this.#bodies = bodies;
    this.#builder = builder;
    this.#locks = locks;
    this.#evidence = evidence;
  }

  /** The core wants a proposal. The same one again where the log held one for this height. */
  build(height: Height, anchor: ProposalHeader["anchor"], empty: boolean): void {
    const known = this.#proposed.get(height);
    if (known !== undefined) {
      this.#built(known);
      return;
    }
    const { config, ports } = this.#context;
    const { transactions, hashes, gas } = empty ? this.#builder.nothing() : this.#builder.select(height);
    const body = ports.bodies.encode(transactions);
    const proposal = toProposal({
      version: PROPOSAL_VERSION,
      ...this.#context.slot(height),
      seat: config.seat,
      anchor,
      time: ports.clock.time(),
      checkpoints: ports.mainchain.checkpoints().slice(-4),
      bodyHash: toHex(keccak256(body)),
      bodyBytes: body.length,
      txCount: transactions.length,
      gas,
    });
    this.#builder.proposed(height, hashes);
    this.#bodies.put(proposal, body, hashes);
    const own: Own = { proposal, signature: UNSIGNED, body, collector: undefined };
    this.#remember(own);
    this.#built(own);
  }

  /** The own proposal as the log holds it. */
  replayOwn(message: ProposalMessage): Proposal {
    const proposal = toProposal(message.header);
    const { body } = message;
    this.#bodies.put(proposal, body, []);
    this.#remember({ proposal, signature: UNSIGNED, body, collector: undefined });
    return proposal;
  }

  replayProposal(message: ProposalMessage): Proposal {
    const proposal = toProposal(message.header);
    this.#bodies.put(proposal, message.body, []);
    this.#at(message.header.height).proposals.set(message.header.seat, { proposal, signature: message.signature });
    return proposal;
  }

  replayCertificate(message: CertificateMessage, bytes: Uint8Array): Proposal {
    const { header } = message;
    this.#hold(this.#at(header.height), header.seat, bytes);
    if (header.seat === this.#context.config.seat) this.#own.certificate(header.height, bytes);
    return toProposal(header);
  }

  /** The own proposal and its body are durable. Returns whether it was sent. */
  propose(proposal: Proposal): (() => void) | undefined {
    const { height } = proposal.header;
    const own = this.#proposed.get(height);
    if (own === undefined || height <= this.#context.ordered || !this.#locks.proposal(height, proposal.digest)) return;
    const { config, ports, quorum } = this.#context;
    own.collector = new ShareCollector(
      availableDigest(this.#context.slot(height), proposal.digest),
      quorum,
      ports.verifier,
      (signature) => this.#certified(own, signature),
      (from) => this.#context.report({ kind: "bad-share", from, about: "ack", height }),
    );
    return () => {
      ports.signer.sign({ kind: "proposal", proposal }, ({ signature }) => {
        if (height <= this.#context.ordered) return;
        own.signature = signature;
        const { header } = proposal;
        own.collector?.open();
        const bytes = encode({ kind: "proposal", header, signature, body: own.body });
        const message = this.#own.proposal(height, bytes);
        if (this.#at(height).certificates.has(config.seat)) own.collector?.close();
        this.#context.broadcast(message.channel, message.kind, message.bytes);
        this.#context.report({ kind: "proposed", height, transactions: header.txCount, bytes: header.bodyBytes });
      });
    };
  }

  /** A proposal and its body are durable. */
  acknowledge(proposal: Proposal): (() => void) | undefined {
    const { height, seat: proposer } = proposal.header;
    if (height <= this.#context.ordered || !this.#locks.acknowledgement(height, proposer, proposal.digest)) return;
    return () => {
      const { config, ports } = this.#context;
      const slot = this.#context.slot(height);
      const { digest } = proposal;
      ports.signer.sign({ kind: "ack", slot, proposer, digest }, ({ signature, shares: [share] }) => {
        if (share === undefined) return;
        if (proposer === config.seat) {
          this.#proposed.get(height)?.collector?.add(config.seat, share);
          return;
        }
        const bytes = encode({ kind: "ack", ...slot, seat: config.seat, proposer, digest, share, signature });
        const message = this.#own.acknowledgement(height, proposer, bytes);
        this.#context.send(proposer, message.channel, message.kind, bytes);
      });
    };
  }

  onProposal(from: Seat, message: ProposalMessage, bytes: Uint8Array): void {
    const { header, body } = message;
    const { height } = header;
    if (!this.#context.ours(header) || header.seat !== from || header.version !== PROPOSAL_VERSION) {
      this.#context.drop(from, "proposal", "invalid");
      return;
    }
    const proposal = toProposal(header);
    if (height <= this.#context.ordered) {
      if (!this.#bodies.offer(proposal.digest, body)) this.#context.drop(from, "proposal", "outside-window");
      return;
    }
    if (!this.#core.wants({ kind: "proposal", height, seat: from })) {
      this.#context.drop(from, "proposal", "outside-window");
      return;
    }
    const state = this.#at(height);
    const first = state.proposals.get(from);
    if (first !== undefined) {
      this.#again(from, first, proposal, message.signature);
      return;
    }
    if (state.checking.has(from)) {
      this.#context.drop(from, "proposal", "duplicate");
      return;
    }
    if (body.length !== header.bodyBytes || toHex(keccak256(body)) !== header.bodyHash) {
      this.#context.drop(from, "proposal", "invalid");
      return;
    }
    state.checking.add(from);
    verifyProposal(this.#context, proposal, message, (reason, hashes) => {
      state.checking.delete(from);
      if (reason !== undefined) {
        this.#context.drop(from, "proposal", reason);
        return;
      }
      if (height <= this.#context.ordered) {
        this.#bodies.offer(proposal.digest, body);
        return;
      }
      state.proposals.set(from, { proposal, signature: message.signature });
      this.#bodies.put(proposal, body, hashes);
      this.#builder.offer(height, hashes);
      this.#turn.input({ kind: "proposal", proposal }, { kind: "message", from, message: bytes });
    });
  }

  onAck(from: Seat, message: AckMessage): void {
    const { config, ports } = this.#context;
    if (!this.#context.ours(message) || message.seat !== from || message.proposer !== config.seat) {
      this.#context.drop(from, "ack", "invalid");
      return;
    }
    const { height } = message;
    const own = this.#proposed.get(height);
    const collector = own?.collector;
    if (own === undefined || collector === undefined || height <= this.#context.ordered) {
      this.#context.drop(from, "ack", "outside-window");
      return;
    }
    const state = this.#at(height);
    const first = state.acknowledgements.get(from);
    if (first?.digest === message.digest) {
      this.#context.drop(from, "ack", "duplicate");
      return;
    }
    ports.verifier.node(from, ackDigest(message), message.signature, (ok) => {
      if (!ok) {
        this.#context.drop(from, "ack", "bad-signature");
        return;
      }
      const earlier = state.acknowledgements.get(from);
      if (earlier === undefined) state.acknowledgements.set(from, message);
      else if (earlier.digest !== message.digest) this.#evidence.keep(accuseAcks(earlier, message));
      if (message.digest === own.proposal.digest) collector.add(from, message.share);
    });
  }

  onCertificate(from: Seat, message: CertificateMessage, bytes: Uint8Array): void {
    const { header } = message;
    const { height, seat } = header;
    if (!this.#context.ours(header)) {
      this.#context.drop(from, "certificate", "invalid");
      return;
    }
    if (!this.#core.wants({ kind: "certificate", height, seat })) {
      this.#context.drop(from, "certificate", "duplicate");
      return;
    }
    const state = this.#at(height);
    const check = `${seat}.${from}`;
    if (state.certificates.has(seat) || state.checkingCertificates.has(check)) {
      this.#context.drop(from, "certificate", "duplicate");
      return;
    }
    state.checkingCertificates.add(check);
    state.gathered.push({ seat, verify: () => this.#judge(from, message, bytes, state) });
    this.#gather(height, state);
  }

  /**
   * Fewer than q certificates move nothing, and a batch costs less than half as much as its certificates singly: the
   * first ones are verified together when q are here, the others together a little later. One that was asked for is
   * waited for.
   */
  #gather(height: Height, state: HeightState): void {
    const { config, ports, quorum } = this.#context;
    const known = new Set(state.certificates.keys());
    for (const { seat } of state.gathered) known.add(seat);
    const wanted = state.gathered.some(({ seat }) => state.fetches.has(seat));
    if (wanted || known.size === config.members || (known.size >= quorum && state.certificates.size < quorum)) {
      this.#judgeGathered(state);
    } else {
      const wait = known.size < quorum ? GATHER_MS : GATHER_REST_MS;
      state.gathering ??= ports.clock.after(wait, () => {
        if (!this.#context.stopped && height > this.#context.ordered) this.#judgeGathered(state);
      });
    }
  }

  #judgeGathered(state: HeightState): void {
    state.gathering?.();
    state.gathering = undefined;
    for (const { verify } of state.gathered.splice(0)) verify();
  }

  #judge(from: Seat, message: CertificateMessage, bytes: Uint8Array, state: HeightState): void {
    const { height, seat } = message.header;
    const proposal = toProposal(message.header);
    verifyCertificate(this.#context, proposal, message, state.proposals.get(seat), (ok) => {
      state.checkingCertificates.delete(`${seat}.${from}`);
      if (!ok) {
        this.#context.drop(from, "certificate", "bad-signature");
        return;
      }
      if (height <= this.#context.ordered || state.certificates.has(seat)) return;
      const seen = state.proposals.get(seat);
      if (seen !== undefined && seen.proposal.digest !== proposal.digest) {
        this.#accuse(seen, { proposal, signature: message.signature });
      }
      this.#hold(state, seat, bytes);
      this.#turn.input({ kind: "certificate", proposal }, { kind: "message", from, message: bytes });
    });
  }

  onGetCertificate(from: Seat, height: Height, seat: Seat): void {
    const bytes = this.#heights.get(height)?.certificates.get(seat);
    if (bytes !== undefined) this.#context.send(from, "shares", "certificate", bytes);
  }

  /** Pulls a certificate from f+1 of its supporters, others at each call. The core calls again while it is missing. */
  fetch(height: Height, seat: Seat, supporters: bigint): void {
    const state = this.#at(height);
    const attempt = state.fetches.get(seat) ?? 0;
    state.fetches.set(seat, attempt + 1);
    const here = state.gathered.some((gathered) => gathered.seat === seat);
    this.#judgeGathered(state);
    if (here) return;
    const peers: Seat[] = [];
    forEachSeat(supporters, (peer) => {
      if (this.#context.up.has(peer)) peers.push(peer);
    });
    const request = encode({ kind: "get-certificate", height, seat });
    const count = Math.min(peers.length, this.#context.oneHonest);
    for (let i = 0; i < count; i++) {
      const peer = peers[(attempt * count + i) % peers.length];
      if (peer !== undefined) this.#context.send(peer, "shares", "get-certificate", request);
    }
  }

  /** Milliseconds since the first certificate of the height came. */
  certifying(height: Height): number {
    const now = this.#context.ports.clock.now();
    return now - (this.#heights.get(height)?.certifiedSince ?? now);
  }

  forget(ordered: Height): void {
    for (const height of this.#heights.keys()) if (height <= ordered) this.#heights.delete(height);
    for (const [height, own] of this.#proposed) {
      if (height > ordered) continue;
      own.collector?.close();
      this.#proposed.delete(height);
    }
  }

  #at(height: Height): HeightState {
    let state = this.#heights.get(height);
    if (state === undefined) {
      state = {
        proposals: new Map(),
        checking: new Set(),
        certificates: new Map(),
        certifiedSince: undefined,
        checkingCertificates: new Set(),
        gathered: [],
        gathering: undefined,
        acknowledgements: new Map(),
        fetches: new Map(),
      };
      this.#heights.set(height, state);
    }
    return state;
  }

  #hold(state: HeightState, seat: Seat, bytes: Uint8Array): void {
    state.certifiedSince ??= this.#context.ports.clock.now();
    state.certificates.set(seat, bytes);
  }

  #remember(own: Own): void {
    const { height, seat } = own.proposal.header;
    this.#proposed.set(height, own);
    this.#at(height).proposals.set(seat, own);
  }

  #built({ proposal, body }: Own): void {
    const { seat: from } = this.#context.config;
    const message = encode({ kind: "proposal", header: proposal.header, signature: UNSIGNED, body });
    this.#turn.input({ kind: "built", proposal }, { kind: "message", from, message });
  }

  /** q members hold the own proposal. */
  #certified({ proposal, signature }: Own, certificate: Uint8Array): void {
    const { header } = proposal;
    const { height, seat: from } = header;
    if (height <= this.#context.ordered) return;
    const bytes = encode({ kind: "certificate", header, signature, certificate });
    this.#hold(this.#at(height), from, bytes);
    const message = this.#own.certificate(height, bytes);
    this.#turn.input({ kind: "certificate", proposal }, { kind: "message", from, message: bytes });
    this.#turn.afterFlush(() => this.#context.broadcast(message.channel, message.kind, bytes));
  }

  /** A further proposal of a seat: a repeat has its ACK repeated, another digest is evidence. */
  #again(from: Seat, first: Signed, proposal: Proposal, signature: Uint8Array): void {
    const { height } = proposal.header;
    if (first.proposal.digest === proposal.digest) {
      const message = this.#own.get(height)?.acknowledgements.get(from);
      if (message !== undefined) this.#context.send(from, message.channel, message.kind, message.bytes);
      return;
    }
    this.#context.ports.verifier.node(from, hashBytes(proposal.digest), signature, (ok) => {
      if (ok) this.#accuse(first, { proposal, signature });
      else this.#context.drop(from, "proposal", "bad-signature");
    });
  }

  #accuse(first: Signed, second: Signed): void {
    const { header } = first.proposal;
    const other = { header: second.proposal.header, signature: second.signature };
    this.#evidence.keep(accuseProposals({ header, signature: first.signature }, other));
  }
}
