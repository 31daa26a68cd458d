import { fromHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { Signer, SlotJournal } from "../../consensus/ports.ts";
import { type Signed, type Statement, slotOf } from "../../consensus/statement.ts";
import { NodeError } from "../../fault/node-error.ts";
import type { SeatKeys, SeatRequest, SeatState } from "../member-vault.ts";
import { decodeSigned, encodeStatement } from "./statement-codec.ts";
import type { VaultLink } from "./vault-link.ts";

/** A member at height h says nothing of heights this far below any more: their ORDER is held. consensus.md 10. */
const WINDOW = 3;
/** FINALs that wait while the vault is away, and statements in all. */
const MAX_FINALS = 256;
const MAX_WAITING = 4_096;
/** Milliseconds until the vault is asked again for a share that it does not hold. */
const AGAIN_MS = 3_000;

type Waiting = {
  readonly statement: Statement;
  readonly bytes: Uint8Array;
  readonly done: (signed: Signed) => void;
};

/**
 * A member's keys in a vault elsewhere. While it is away nothing is signed and nothing fails: what is to be said waits,
 * as far as it is still worth saying, and is asked for again, which gives the same signatures.
 */
export class RemoteSeat implements SeatKeys {
  readonly signer: Signer;
  readonly journal: SlotJournal;
  readonly #request: SeatRequest;
  readonly #link: VaultLink;
  #waiting = new Set<Waiting>();
  #state: SeatState = "away";
  /** Heights up to there are closed, in the vault too. */
  #floor = 0;
  /** The connections on which the start was counted, and the end of the silence was told. */
  #begun = 0;
  #remembering = 0;
  #again: NodeJS.Timeout | undefined;
  /** Changes with each connection, from 1 on: what an earlier one brings is not heard. */
  #turn = 0;
  #said = "";
  #closed = false;

  constructor(request: SeatRequest, link: VaultLink) {
    this.#request = request;
    this.#link = link;
    this.signer = {
      sign: (statement, done) => this.#sign(statement, done),
      ready: () => this.#state === "signing",
    };
    this.journal = this.#journal();
  }

  get state(): SeatState {
    return this.#state === "signing" && this.#request.journal.silent ? "silent" : this.#state;
  }

  /** There is a connection. */
  up(): void {
    if (this.#closed) return;
    clearTimeout(this.#again);
    const turn = ++this.#turn;
    this.#attach(turn).catch((error: unknown) => {
      if (turn === this.#turn && !this.#closed) this.#refused(error);
    });
  }

  down(): void {
    this.#turn += 1;
    clearTimeout(this.#again);
    // Silence lasts: the vault says at the next connection whether it is over.
    if (this.#state !== "silent") this.#state = "away";
  }

  close(): void {
    this.#closed = true;
    this.#turn += 1;
    clearTimeout(this.#again);
    this.#waiting.clear();
  }

  /** Both records know of this start before anything is signed; see `beginSession`. */
  async #attach(turn: number): Promise<void> {
    const { spec, journal, served } = this.#request;
    const name = this.#name();
    const shareKey = fromHex(spec.shareKeys[spec.seat] ?? "") ?? new Uint8Array(0);
    const { known } = await this.#link.call("attach", { ...name, shareKey, confirmed: journal.confirmed });
    if (turn !== this.#turn) return;
    const session = Math.max(known, journal.session) + 1;
    if (journal.silent || journal.session < known) {
      this.#request.logger.warn("the slot journal is missing or older than the vault");
      // Said without knowing what was said before.
      this.#waiting.clear();
      journal.silence(session);
    } else journal.begin(session);
    await flushed(journal);
    if (turn !== this.#turn) return;
    const { silent } = await this.#link.call("begin", { ...name, session });
    if (turn !== this.#turn) return;
    journal.confirm(session);
    this.#begun = turn;
    this.#state = silent ? "silent" : "signing";
    if (silent) this.#silenced();
    if ((silent || journal.silent) && spec.members.length === 1) this.#alone(served);
    if (this.#state === "signing") this.#resume();
  }

  /** What waits is of heights that will be closed. */
  #silenced(): void {
    this.#waiting.clear();
    this.#tell("the vault's record of what it signed is missing, older than this node's, or restored");
  }

  /** Nobody else can prove anything: it goes on from what it served, or says nothing where that is gone too. */
  #alone(served: number): void {
    if (served > 0) this.journal.remember(served);
    else throw new NodeError("journal-missing", "this member signed before, and the record of that is gone");
  }

  #refused(error: unknown): void {
    if (error instanceof NodeError && error.code === "vault-away") return;
    this.#state = "refused";
    this.#tell(error instanceof Error ? error.message : String(error));
    // It may be restored meanwhile. Not where another node took the seat: the two would take it from each other for ever.
    if (error instanceof NodeError && error.code === "vault-session") return;
    this.#again = setTimeout(() => this.up(), AGAIN_MS);
  }

  #resume(): void {
    this.#said = "";
    this.#request.logger.info("the vault signs for this member");
    for (const waiting of this.#waiting) this.#ask(waiting);
  }

  #sign(statement: Statement, done: (signed: Signed) => void): void {
    if (this.#closed) return;
    // Its lock was on its way to the disk when the silence began: the vault would refuse it, as of a closed height.
    if (this.#state === "silent" || slotOf(statement).height <= this.#floor) return;
    const { spec, guard } = this.#request;
    const waiting = { statement, bytes: encodeStatement(spec.seat, statement), done: guard(done) };
    this.#waiting.add(waiting);
    if (this.#state === "signing") this.#ask(waiting);
    else this.#forget(statement);
  }

  #ask(waiting: Waiting): void {
    const turn = this.#turn;
    this.#link.statement(waiting.bytes, (answer) => {
      // What the connection did not bring is asked for on the next one.
      if (this.#closed || turn !== this.#turn || (answer instanceof NodeError && answer.code === "vault-away")) return;
      if (!this.#waiting.delete(waiting)) return;
      const signed = answer instanceof NodeError ? answer : decodeSigned(answer);
      if (signed instanceof NodeError) this.#unsigned(waiting.statement, signed);
      else if (signed !== undefined) waiting.done(signed);
    });
  }

  #unsigned(statement: Statement, error: NodeError): void {
    const { height } = slotOf(statement);
    this.#request.logger.error({ kind: statement.kind, height, reason: error.message }, "the vault did not sign");
    if (error.code === "vault-session") this.#refused(error);
  }

  /** What is not worth saying any more after a new statement that has to wait. */
  #forget(newest: Statement): void {
    const height = slotOf(newest).height;
    const all = [...this.#waiting];
    if (newest.kind !== "final") {
      for (const waiting of all) {
        const { statement } = waiting;
        if (statement.kind !== "final" && slotOf(statement).height <= height - WINDOW) this.#waiting.delete(waiting);
      }
    }
    const finals = all.filter(({ statement }) => statement.kind === "final");
    for (const waiting of finals.slice(0, Math.max(0, finals.length - MAX_FINALS))) this.#waiting.delete(waiting);
    for (const waiting of this.#waiting) {
      if (this.#waiting.size <= MAX_WAITING) break;
      this.#waiting.delete(waiting);
    }
  }

  /** The node's own record, closed also while the vault's is. */
  #journal(): SlotJournal {
    const { journal } = this.#request;
    const silent = (): boolean => this.#state === "silent" || journal.silent;
    const closed = (height: number): boolean => silent() || height <= this.#floor || journal.closed(height);
    return {
      lock: (slot, value) => !silent() && journal.lock(slot, value),
      closed,
      get silent() {
        return silent();
      },
      remember: (height) => this.#remember(height),
      flush: (done) => journal.flush(done),
    };
  }

  #remember(height: number): void {
    this.#request.journal.remember(height);
    this.#floor = Math.max(this.#floor, height);
    const turn = this.#turn;
    if (this.#state !== "silent" || this.#begun !== turn || this.#remembering === turn) return;
    this.#remembering = turn;
    this.#link.call("remember", { ...this.#name(), height }).then(
      () => {
        if (turn !== this.#turn) return;
        this.#state = "signing";
        this.#resume();
      },
      // Still silent: what others prove will be told again.
      () => {
        if (turn === this.#turn) this.#remembering = 0;
      },
    );
  }

  #name(): { slot: { group: HexHash; era: number; epoch: number }; seat: number } {
    const { group, era, epoch, seat } = this.#request.spec;
    return { slot: { group, era, epoch }, seat };
  }

  #tell(reason: string): void {
    if (reason === this.#said) return;
    this.#said = reason;
    this.#request.logger.warn({ reason }, "this member says nothing for now");
  }
}

function flushed(journal: { flush(done: () => void): void }): Promise<void> {
  return new Promise((done) => journal.flush(done));
}
