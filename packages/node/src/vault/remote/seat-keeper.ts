import { join } from "node:path";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { KeySlot } from "@tributary/protocol/ports/key-vault";
import {
  boundBy,
  type RawKeys,
  type Signed,
  type Statement,
  signStatement,
  slotOf,
} from "../../consensus/statement.ts";
import { NodeError } from "../../fault/node-error.ts";
import type { FileVault } from "../file-vault.ts";
import { FileSlotJournal } from "../slot-journal.ts";
import { epochName } from "../vault-content.ts";

/** Groups with a record here: a node has 128 slots, and chains come and go. */
const MAX_GROUPS = 1_024;

type Seat = { readonly keys: RawKeys; readonly known: number; session: number | undefined; holder: object };

/**
 * The vault's own record of what it signed, a journal a group. A slot has one value, ever, whatever the node says; the
 * record is on disk before a signature leaves. It is silent where it is lost or older than what keystore or node know of.
 */
export class SeatKeeper {
  readonly #vault: FileVault;
  readonly #folder: string;
  readonly #failed: (error: Error) => void;
  readonly #journals = new Map<HexHash, FileSlotJournal>();
  readonly #seats = new Map<string, Seat>();

  /** `failed`: the disk refused. Nothing is signed from then on. */
  constructor(vault: FileVault, folder: string, failed: (error: Error) => void) {
    this.#vault = vault;
    this.#folder = folder;
    this.#failed = failed;
  }

  /**
   * The newest start of the member that is known here. `holder`: who may speak for the seat from now on. Errors:
   * `vault-share`, `log-damaged`.
   */
  attach(slot: KeySlot, seat: number, shareKey: Uint8Array, confirmed: number, holder: object): { known: number } {
    const keys = this.#vault.keys(slot, seat, shareKey);
    const journal = this.#journal(slot.group);
    const counted = Math.max(this.#vault.sessions(slot, seat), journal.session);
    this.#seats.set(epochName(slot, seat), { keys, known: Math.max(counted, confirmed), session: undefined, holder });
    return { known: counted };
  }

  /** Counts a start: in the record first, as `beginSession` does. `vault-session` where it is not the next one. */
  async begin(slot: KeySlot, seat: number, session: number, holder: object): Promise<{ silent: boolean }> {
    const held = this.#held(slot, seat, holder);
    if (session <= held.known) throw new NodeError("vault-session", `session ${session} was counted before`);
    const journal = this.#journal(slot.group);
    if (journal.silent || journal.session < held.known) journal.silence(session);
    else {
      journal.begin(session);
      await flushed(journal);
    }
    await this.#vault.keepSessions(slot, seat, session);
    held.session = session;
    return { silent: journal.silent };
  }

  /** The node has it from q others how far the chain is. Ends the silence; heights up to there stay closed for ever. */
  async remember(slot: KeySlot, seat: number, height: number, holder: object): Promise<void> {
    this.#held(slot, seat, holder);
    const journal = this.#journal(slot.group);
    journal.remember(height);
    await flushed(journal);
  }

  /**
   * Binds what the statement says, then signs. Throws `vault-refused` where a slot has another value or its height is
   * closed, `vault-session` where the seat is not this holder's. `done` comes after everything bound is on disk.
   */
  sign(seat: number, statement: Statement, holder: object, done: (signed: Signed) => void): void {
    const slot = slotOf(statement);
    const { keys, session } = this.#held(slot, seat, holder);
    if (session === undefined) throw new NodeError("vault-session", "the seat's start was not counted");
    if (statement.kind === "proposal" && statement.proposal.header.seat !== seat) {
      throw new NodeError("vault-refused", "a proposal of another seat");
    }
    const journal = this.#journal(slot.group);
    if (journal.closed(slot.height)) throw new NodeError("vault-refused", `height ${slot.height} is closed`);
    const bound = boundBy(statement);
    for (const [name, value] of bound) {
      if (!journal.lock(name, value)) throw new NodeError("vault-refused", `${name} has another value`);
    }
    if (bound.length === 0) done(signStatement(statement, seat, keys));
    else journal.flush(() => done(signStatement(statement, seat, keys)));
  }

  /** The seat's share is to be erased: nothing of it stays in memory. */
  drop(slot: KeySlot, seat: number): void {
    this.#seats.delete(epochName(slot, seat));
  }

  /** Whoever held seats is gone. */
  release(holder: object): void {
    for (const [name, seat] of this.#seats) if (seat.holder === holder) this.#seats.delete(name);
  }

  async close(): Promise<void> {
    this.#seats.clear();
    for (const journal of this.#journals.values()) await journal.close();
    this.#journals.clear();
  }

  #held(slot: KeySlot, seat: number, holder: object): Seat {
    const held = this.#seats.get(epochName(slot, seat));
    if (held === undefined || held.holder !== holder) {
      throw new NodeError("vault-session", "the seat was not attached, or by another connection since");
    }
    return held;
  }

  #journal(group: HexHash): FileSlotJournal {
    let journal = this.#journals.get(group);
    if (journal === undefined) {
      if (this.#journals.size >= MAX_GROUPS) throw new NodeError("vault-failed", "too many groups");
      journal = FileSlotJournal.open(diskFolder(join(this.#folder, group.slice(2))), this.#failed);
      this.#journals.set(group, journal);
    }
    return journal;
  }
}

function flushed(journal: FileSlotJournal): Promise<void> {
  return new Promise((done) => journal.flush(done));
}
