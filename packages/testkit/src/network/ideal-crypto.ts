import type { Clock, Share, Signer, Verifier } from "@tributary/node/consensus/ports";
import { type RawKeys, signStatement } from "@tributary/node/consensus/statement";
import { concat, equal, uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { quorum } from "@tributary/protocol/quorum";

/**
 * Signatures that only the owner of a seat can make, shares and combined signatures of one group: keyed hashes with the
 * keys in here. Deterministic and unique, like BLS; nothing can be forged without `signer` of the seat.
 */
export class IdealCrypto {
  readonly #members: number;
  readonly #secret: Uint8Array;
  /** Shares of one epoch are worth nothing in another, and combine to the same signatures. */
  readonly #epoch: number;
  readonly #era: number;
  /** What all members together asked for. */
  readonly counts = { nodeSigned: 0, sharesSigned: 0, nodeChecked: 0, certificatesChecked: 0, combinations: 0 };

  /** Nodes keep their keys in all eras; shares and what they combine to are an era's own. */
  constructor(members: number, seed: number, epoch = 1, era = 1) {
    this.#members = members;
    this.#secret = keccak256(uint(seed >>> 0, 4));
    this.#epoch = epoch;
    this.#era = era;
  }

  signNode(seat: number, digest: Uint8Array): Uint8Array {
    return this.#tag(1, seat, digest, 65);
  }

  /** Stands for the node's address, which follows from its key alone. */
  address(seat: number): Uint8Array {
    return keccak256(concat(this.#secret, Uint8Array.of(0, seat))).slice(12);
  }

  recoverAddress(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
    for (let seat = 0; seat < this.#members; seat++) {
      if (this.checkNode(seat, digest, signature)) return this.address(seat);
    }
    return undefined;
  }

  signShare(seat: number, digest: Uint8Array): Uint8Array {
    return this.#tag(2, seat, concat(Uint8Array.of(this.#epoch), this.#ofEra(digest)), 96);
  }

  checkNode(seat: number, digest: Uint8Array, signature: Uint8Array): boolean {
    return seat < this.#members && equal(signature, this.signNode(seat, digest));
  }

  checkShare(seat: number, digest: Uint8Array, share: Uint8Array): boolean {
    return seat < this.#members && equal(share, this.signShare(seat, digest));
  }

  checkCertificate(digest: Uint8Array, signature: Uint8Array): boolean {
    return equal(signature, this.#combined(digest));
  }

  /** Like the real one: q shares of different seats, checked. */
  combine(digest: Uint8Array, shares: readonly Share[]): { signature: Uint8Array } | { faulty: number[] } {
    const faulty = shares.filter(({ seat, share }) => !this.checkShare(seat, digest, share)).map(({ seat }) => seat);
    const seats = new Set(shares.map(({ seat }) => seat));
    if (faulty.length > 0) return { faulty };
    if (seats.size < quorum(this.#members)) throw new Error("combined fewer than q shares");
    return { signature: this.#combined(digest) };
  }

  #ofEra(digest: Uint8Array): Uint8Array {
    return this.#era === 1 ? digest : concat(Uint8Array.of(this.#era), digest);
  }

  #combined(digest: Uint8Array): Uint8Array {
    return this.#tag(3, 0, this.#ofEra(digest), 96);
  }

  #tag(kind: number, seat: number, digest: Uint8Array, length: number): Uint8Array {
    const seed = keccak256(concat(this.#secret, Uint8Array.of(kind, seat), digest));
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) out.set(seed.subarray(0, Math.min(32, length - at)), at);
    return out;
  }
}

export type Check = "node" | "certificate" | "combine";

/** The verifier of one member. `delay`: milliseconds that a check takes, drawn for each check; 0 answers at once. */
export class SimulatedVerifier implements Verifier {
  readonly #crypto: IdealCrypto;
  readonly #clock: Clock;
  readonly #delay: (what: Check) => number;

  constructor(crypto: IdealCrypto, clock: Clock, delay: (what: Check) => number) {
    this.#crypto = crypto;
    this.#clock = clock;
    this.#delay = delay;
  }

  node(seat: number, digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void): void {
    this.#crypto.counts.nodeChecked += 1;
    const ok = this.#crypto.checkNode(seat, digest, signature);
    this.#later("node", () => done(ok));
  }

  certificate(digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void): void {
    this.#crypto.counts.certificatesChecked += 1;
    const ok = this.#crypto.checkCertificate(digest, signature);
    this.#later("certificate", () => done(ok));
  }

  combine(
    digest: Uint8Array,
    shares: readonly Share[],
    done: (result: { readonly signature: Uint8Array } | { readonly faulty: readonly number[] }) => void,
  ): void {
    this.#crypto.counts.combinations += 1;
    const result = this.#crypto.combine(digest, shares);
    this.#later("combine", () => done(result));
  }

  #later(what: Check, run: () => void): void {
    const delay = this.#delay(what);
    if (delay === 0) run();
    else this.#clock.after(delay, run);
  }
}

/** Signs for one seat; a callback at once. `signed` is told of each. */
export function simulatedSigner(
  crypto: IdealCrypto,
  seat: number,
  signed: (by: "node" | "share") => void = () => undefined,
): Signer {
  const keys: RawKeys = {
    node(digest) {
      crypto.counts.nodeSigned += 1;
      signed("node");
      return crypto.signNode(seat, digest);
    },
    share(digest) {
      crypto.counts.sharesSigned += 1;
      signed("share");
      return crypto.signShare(seat, digest);
    },
  };
  return { sign: (statement, done) => done(signStatement(statement, seat, keys)) };
}
