import type { Seat } from "@tributary/protocol/consensus/types";
import type { Offence } from "@tributary/protocol/evidence/evidence";
import { type Claim, readEvidence } from "@tributary/protocol/evidence/verify";
import { type EvidenceMessage, encode } from "@tributary/protocol/wire/index";
import type { DropReason } from "./driver-event.ts";
import type { MemberContext } from "./member-context.ts";

/** Evidence whose signatures are being checked; what comes on top is dropped. */
const MAX_CHECKING = 64;

/**
 * Proof that members contradicted themselves, found here or told by others: checked, kept once for each offence, and
 * told to all others once. consensus.md 12. Nothing in it speaks of this member's own conduct, so none of it is in the
 * input log: what a crash takes away, the others have.
 */
export class Evidence {
  readonly #context: MemberContext;
  readonly #checking = new Set<string>();

  constructor(context: MemberContext) {
    this.#context = context;
  }

  /** Found here, out of messages whose signatures were checked. */
  keep(evidence: Uint8Array): void {
    this.#consider(undefined, evidence);
  }

  onEvidence(from: Seat, { evidence }: EvidenceMessage): void {
    this.#consider(from, evidence);
  }

  #consider(from: Seat | undefined, evidence: Uint8Array): void {
    const read = readEvidence(evidence, this.#context.config);
    if (!read.ok) {
      this.#drop(from, "invalid");
      return;
    }
    const { offence, claims } = read;
    const name = `${offence.height}.${offence.kind}.${offence.seat}`;
    if (!this.#context.ports.store.wantsEvidence(offence) || this.#checking.has(name)) {
      this.#drop(from, "duplicate");
      return;
    }
    if (this.#checking.size >= MAX_CHECKING) {
      this.#drop(from, "flood");
      return;
    }
    this.#checking.add(name);
    this.#check(offence.seat, claims, 0, (ok) => {
      this.#checking.delete(name);
      if (this.#context.stopped) return;
      if (ok) this.#proven(from, offence, evidence);
      else this.#drop(from, "bad-signature");
    });
  }

  #drop(from: Seat | undefined, reason: DropReason): void {
    if (from !== undefined) this.#context.drop(from, "evidence", reason);
  }

  #check(seat: Seat, claims: readonly Claim[], index: number, done: (ok: boolean) => void): void {
    const claim = claims[index];
    if (claim === undefined) {
      done(true);
      return;
    }
    this.#context.ports.verifier.node(seat, claim.digest, claim.signature, (ok) => {
      if (ok) this.#check(seat, claims, index + 1, done);
      else done(false);
    });
  }

  #proven(from: Seat | undefined, offence: Offence, evidence: Uint8Array): void {
    const { ports, up } = this.#context;
    ports.store.putEvidence(offence, evidence);
    this.#context.report({ kind: "evidence", fault: offence.kind, height: offence.height, from: offence.seat });
    const bytes = encode({ kind: "evidence", evidence });
    for (const peer of up) if (peer !== from) this.#context.send(peer, "bodies", "evidence", bytes);
  }
}
