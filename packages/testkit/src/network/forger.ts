import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash, VoteRecord } from "@tributary/protocol/consensus/types";
import { decodeEvidence, encodeEvidence } from "@tributary/protocol/evidence/codec";
import {
  ackDigest,
  availableDigest,
  coinDigest,
  decideDigest,
  finalDigest,
  finalMessageDigest,
  hashBytes,
  type Message,
  proposalDigest,
  voteDigest,
} from "@tributary/protocol/wire/index";
import type { Random } from "../agreement/random.ts";
import type { IdealCrypto } from "./ideal-crypto.ts";
import type { Term } from "./simulated-member.ts";
import { toyTransaction } from "./toy-transaction.ts";

/** Turns a faulty member's honest messages into others. It signs for the faulty seats only. */
export class Forger {
  /** Nodes sign alike in all terms. */
  readonly #crypto: IdealCrypto;
  readonly #cryptoOf: (term: Term) => IdealCrypto;
  readonly #random: Random;
  readonly #members: number;
  readonly #seat: number;
  readonly group: HexHash;

  constructor(
    crypto: IdealCrypto,
    cryptoOf: (term: Term) => IdealCrypto,
    random: Random,
    members: number,
    seat: number,
    group: HexHash,
  ) {
    this.group = group;
    this.#crypto = crypto;
    this.#cryptoOf = cryptoOf;
    this.#random = random;
    this.#members = members;
    this.#seat = seat;
  }

  /** Something that must not be believed: bad signatures, shares and certificates, false names, nonsense. */
  forge(message: Message): Message {
    switch (message.kind) {
      case "proposal": {
        const mode = this.#random.below(3);
        if (mode === 0) return { ...message, signature: this.#noise(65) };
        if (mode === 1) return { ...message, header: { ...message.header, seat: this.#other() } };
        return this.#signedProposal({ ...message, body: this.#noise(message.body.length + 1) });
      }
      case "ack":
        return this.#random.chance(0.5)
          ? { ...message, signature: this.#noise(65) }
          : this.#signedAck({ ...message, share: this.#noise(96) });
      case "vote":
        return this.#random.chance(0.5)
          ? { ...message, seat: this.#other() }
          : { ...message, records: this.#randomRecords(message.records), signature: this.#noise(65) };
      case "coin":
        return { ...message, shares: message.shares.map((share) => ({ ...share, share: this.#noise(96) })) };
      case "decide":
        return this.#signedDecide({ ...message, share: this.#noise(96) });
      case "final":
        return this.#signedFinal({ ...message, share: this.#noise(96) });
      case "certificate":
        return this.#random.chance(0.5)
          ? { ...message, certificate: this.#noise(96) }
          : { ...message, signature: this.#noise(65) };
      case "order":
        return this.#random.chance(0.5)
          ? { ...message, certificate: this.#noise(96) }
          : { ...message, accepted: message.accepted.slice(1) };
      case "finality":
        return { ...message, certificate: this.#noise(96) };
      case "evidence":
        return { ...message, evidence: this.#withOneByteChanged(message.evidence) };
      case "container":
        return this.#random.chance(0.5)
          ? { ...message, certificate: this.#noise(96) }
          : { ...message, body: this.#noise(message.body.length) };
      case "status":
        return { ...message, ordered: message.ordered + 1 + this.#random.below(500), final: message.final + 500 };
      case "get-certificate":
        return { ...message, seat: this.#random.below(this.#members) };
      case "get-body":
        return { ...message, digest: this.#hash(), offset: this.#random.below(100) };
      case "body":
        return { ...message, bytes: this.#noise(message.bytes.length) };
      case "get-order":
      case "repeat":
        return { ...message, height: this.#random.below(1000) };
      case "get-container":
        return { ...message, height: this.#random.below(1000), count: 1 + this.#random.below(200) };
      case "forward":
        return { ...message, transactions: [{ age: this.#random.below(9), raw: this.#noise(30) }] };
    }
  }

  /** Something well signed that contradicts what others are told. */
  equivocate(message: Message): Message {
    switch (message.kind) {
      case "proposal":
        return this.#signedProposal({ ...message, header: { ...message.header, time: message.header.time + 1 } });
      case "ack": {
        const digest = this.#hash();
        const share = this.#share(message, availableDigest(message, digest));
        return this.#signedAck({ ...message, digest, share });
      }
      case "vote":
        return this.#signedVote({ ...message, records: this.#randomRecords(message.records) });
      case "coin": {
        // A share that is not due yet: of a later round.
        const shares = message.shares.map(({ seat, round }) => {
          const later = round + 1 + this.#random.below(3);
          return {
            seat,
            round: later,
            share: this.#share(message, coinDigest(this.#slot(message), seat, later)),
          };
        });
        return { ...message, shares };
      }
      case "decide": {
        const digest = this.#hash();
        return this.#signedDecide({ ...message, digest, share: this.#share(message, hashBytes(digest)) });
      }
      case "final": {
        const hash = this.#hash();
        return this.#signedFinal({
          ...message,
          hash,
          share: this.#share(message, finalDigest(message, hash)),
        });
      }
      case "certificate": {
        const header = { ...message.header, time: message.header.time + 1 };
        const own = header.seat === this.#seat;
        const signature = own ? this.#crypto.signNode(this.#seat, proposalDigest(header)) : message.signature;
        return { ...message, header, signature };
      }
      case "order":
        return { ...message, previous: this.#hash() };
      case "finality":
        return { ...message, hash: this.#hash() };
      case "evidence":
        return { ...message, evidence: this.#accusing(this.#other(), message.evidence) };
      case "container":
        return { ...message, header: { ...message.header, segmentsRoot: this.#hash() } };
      case "status":
        return {
          ...message,
          ordered: this.#random.below(message.ordered + 3),
          final: this.#random.below(message.final + 3),
          held: [
            { proposals: this.#seats(), certificates: this.#seats() },
            { proposals: this.#seats(), certificates: this.#seats() },
          ],
        };
      case "get-certificate":
        return { ...message, height: message.height + this.#random.below(4) };
      case "get-body":
        return { ...message, length: this.#random.below(2 ** 31) };
      case "body":
        return { ...message, offset: 1 + this.#random.below(50) };
      case "get-order":
      case "repeat":
        return { ...message, height: this.#random.below(message.height + 3) };
      case "get-container":
        return { ...message, height: this.#random.below(message.height + 3) };
      case "forward":
        return {
          ...message,
          transactions: [
            { age: 65_535, raw: toyTransaction(900 + this.#seat, this.#random.below(3), 21, this.#random.below(99)) },
          ],
        };
    }
  }

  /** Votes of any kind and round out of nothing. */
  vote(base: Extract<Message, { readonly kind: "vote" }>, height: number): Message {
    const kinds = ["est", "aux", "conf", "done"] as const;
    const records = Array.from({ length: 1 + this.#random.below(3) }, (): VoteRecord => {
      const kind = this.#random.pick(kinds);
      const round = kind === "done" ? 0 : this.#random.below(4);
      return this.#record(kind, round);
    });
    return this.#signedVote({ ...base, height, records });
  }

  #record(kind: VoteRecord["kind"], round: number): VoteRecord {
    const zeros = this.#seats();
    const ones = kind === "est" || kind === "conf" ? this.#seats() : this.#seats() & ~zeros;
    return { kind, round, zeros, ones: (zeros | ones) === 0n ? 1n : ones };
  }

  #randomRecords(records: readonly VoteRecord[]): readonly VoteRecord[] {
    return records.map(({ kind, round, zeros, ones }) =>
      this.#random.chance(0.5) ? { kind, round, zeros: ones, ones: zeros } : this.#record(kind, round),
    );
  }

  #seats(): bigint {
    return this.#random.within((1n << BigInt(this.#members)) - 1n);
  }

  #slot(message: { readonly era: number; readonly epoch: number; readonly height: number }) {
    return { group: this.group, era: message.era, epoch: message.epoch, height: message.height };
  }

  /** With the key of the era and epoch that the message names. */
  #share(term: Term, digest: Uint8Array): Uint8Array {
    return this.#cryptoOf(term).signShare(this.#seat, digest);
  }

  #signedProposal(message: Extract<Message, { readonly kind: "proposal" }>): Message {
    return { ...message, signature: this.#crypto.signNode(this.#seat, proposalDigest(message.header)) };
  }

  #signedAck(message: Extract<Message, { readonly kind: "ack" }>): Message {
    return { ...message, signature: this.#crypto.signNode(this.#seat, ackDigest(message)) };
  }

  #signedVote(message: Extract<Message, { readonly kind: "vote" }>): Message {
    return { ...message, signature: this.#crypto.signNode(this.#seat, voteDigest(message)) };
  }

  #signedDecide(message: Extract<Message, { readonly kind: "decide" }>): Message {
    return { ...message, signature: this.#crypto.signNode(this.#seat, decideDigest(message)) };
  }

  #signedFinal(message: Extract<Message, { readonly kind: "final" }>): Message {
    return { ...message, signature: this.#crypto.signNode(this.#seat, finalMessageDigest(message)) };
  }

  /** The same evidence against a member that did not do it. */
  #accusing(seat: number, evidence: Uint8Array): Uint8Array {
    const decoded = decodeEvidence(evidence);
    return decoded === undefined ? evidence : encodeEvidence({ ...decoded, seat });
  }

  #withOneByteChanged(bytes: Uint8Array): Uint8Array {
    const changed = bytes.slice();
    const at = this.#random.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 + this.#random.below(255));
    return changed;
  }

  #other(): number {
    return (this.#seat + 1 + this.#random.below(this.#members - 1)) % this.#members;
  }

  #noise(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = this.#random.below(256);
    return out;
  }

  #hash(): HexHash {
    return toHex(this.#noise(32));
  }
}
