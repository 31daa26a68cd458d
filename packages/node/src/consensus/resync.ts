import type { Consensus } from "@tributary/protocol/consensus/consensus";
import { HEIGHT_WINDOW } from "@tributary/protocol/consensus/parameters";
import type { Height, Seat } from "@tributary/protocol/consensus/types";
import { encode, type StatusMessage } from "@tributary/protocol/wire/index";
import type { CatchUp } from "./catch-up.ts";
import type { Finality } from "./finality.ts";
import type { MemberContext } from "./member-context.ts";
import type { Orders } from "./orders.ts";
import type { OwnMessage, OwnMessages } from "./own-messages.ts";
import type { Standstill } from "./standstill.ts";

/** Milliseconds between two repeats to one member. */
const REPEAT_SPACING_MS = 250;
/** Stall steps between two repeats of one's own accord grow up to this many. */
const MAX_BACKOFF = 8;
/** Milliseconds between two STATUS to guests. */
const TELL_SPACING_MS = 250;
/** ORDERs in one answer. */
const MAX_ORDERS = 4;

/**
 * Makes delivery reliable over links that lose what is in flight: STATUS and requests to repeat on every connection and
 * whenever nothing moved. consensus.md 10.
 */
export class Resync {
  readonly #context: MemberContext;
  readonly #core: Consensus;
  readonly #own: OwnMessages;
  readonly #orders: Orders;
  readonly #finality: Finality;
  readonly #catchUp: CatchUp;
  readonly #standstill: Standstill;
  readonly #frozen: () => boolean;
  readonly #statuses = new Map<Seat, StatusMessage>();
  readonly #repeated = new Map<Seat, number>();
  #steps = 0;
  #mark = "";
  #stalled = 0;
  #told = 0;

  constructor(
    context: MemberContext,
    core: Consensus,
    own: OwnMessages,
    orders: Orders,
    finality: Finality,
    catchUp: CatchUp,
    standstill: Standstill,
    frozen: () => boolean,
  ) {
    this.#context = context;
    this.#core = core;
    this.#own = own;
    this.#orders = orders;
    this.#finality = finality;
    this.#catchUp = catchUp;
    this.#standstill = standstill;
    this.#frozen = frozen;
  }

  peerUp(seat: Seat): void {
    if (this.#context.isGuest(seat) || this.#context.observer) {
      this.#context.send(seat, "votes", "status", this.#status());
      return;
    }
    this.#repeated.delete(seat);
    this.#statuses.delete(seat);
    this.#context.send(seat, "votes", "status", this.#status());
    this.#context.send(seat, "votes", "repeat", this.#repeatRequest());
  }

  onStatus(from: Seat, message: StatusMessage): void {
    const { era, epoch } = this.#context.config;
    // Somebody of an era that is over has nothing that this one lacks, but for what is asked for by name.
    if (message.era < era) {
      this.#context.drop(from, "status", "outside-window");
      return;
    }
    // Somebody of another epoch has, or lacks, what is final: nothing else of it concerns this one.
    if (message.era !== era || message.epoch !== epoch || this.#context.isGuest(from) || this.#context.observer) {
      this.#catchUp.statusElsewhere(from, message.final);
      return;
    }
    this.#statuses.set(from, message);
    if (message.final < this.#context.final) this.#finality.serveNewest(from);
    this.#catchUp.status(from, message.ordered, message.final);
  }

  /** `from` is stuck or new: gets what this member said from the height on, or what replaces it. */
  onRepeat(from: Seat, height: Height): void {
    const now = this.#context.ports.clock.now();
    const last = this.#repeated.get(from);
    if (last !== undefined && now - last < REPEAT_SPACING_MS) {
      this.#context.drop(from, "repeat", "flood");
      return;
    }
    this.#repeated.set(from, now);
    this.#repeat(from, height);
  }

  /** Somebody still talks about a height that has its ORDER. */
  answerStale(from: Seat, height: Height): void {
    if (height >= this.#context.ordered) return;
    const now = this.#context.ports.clock.now();
    const last = this.#repeated.get(from);
    if (last !== undefined && now - last < REPEAT_SPACING_MS) return;
    this.#repeated.set(from, now);
    this.#orders.serve(from, this.#context.ordered);
  }

  /** Somebody who follows wants to know soon what there is to fetch. */
  tellGuests(): void {
    const { clock } = this.#context.ports;
    if (this.#context.guests.size === 0 || clock.now() - this.#told < TELL_SPACING_MS) return;
    this.#told = clock.now();
    const status = this.#status();
    for (const guest of this.#context.guests) this.#context.send(guest, "votes", "status", status);
  }

  /** Once a second. */
  tick(): void {
    this.#steps += 1;
    this.tellGuests();
    if (this.#context.observer) {
      this.#context.broadcast("votes", "status", this.#status());
      return;
    }
    const { ordered, final } = this.#context;
    const { committed } = this.#context;
    const { proposals, certificates } = this.#core.held(ordered + 1);
    // Movement within a height counts: repeating all that was said would slow a busy machine down further.
    const mark = `${ordered}.${final}.${committed}.${proposals}.${certificates}.${this.#core.rounds()}`;
    const busy = this.#own.highest > committed || ordered > committed || this.#core.undecided.length > 0;
    const moved = mark !== this.#mark;
    if (moved || !busy) this.#stalled = 0;
    else this.#stalled += 1;
    this.#mark = mark;
    const linked = this.#context.linked >= this.#context.quorum;
    this.#standstill.tick({ linked, frozen: this.#frozen(), busy, moved });
    if (this.#stalled > 0 && isStep(this.#stalled)) {
      this.#context.broadcast("votes", "status", this.#status());
      this.#context.broadcast("votes", "repeat", this.#repeatRequest());
      for (const peer of this.#context.up) this.#repeat(peer, ordered + 1);
    } else if (this.#steps % 2 === 0) this.#context.broadcast("votes", "status", this.#status());
  }

  #status(): Uint8Array {
    const { config, ordered, committed: final } = this.#context;
    const { era, epoch } = config;
    // What this member can serve: F and container of every height up to there.
    const held = [this.#core.held(ordered + 1), this.#core.held(ordered + 2)] as const;
    return encode({ kind: "status", era, epoch, ordered, final, held, rounds: this.#core.rounds() });
  }

  #repeatRequest(): Uint8Array {
    return encode({ kind: "repeat", height: this.#context.ordered + 1 });
  }

  #repeat(to: Seat, height: Height): void {
    const { ordered, final, committed } = this.#context;
    for (let at = Math.max(height, 1); at <= ordered && at < height + MAX_ORDERS; at++) this.#orders.serve(to, at);
    if (height + MAX_ORDERS <= ordered) this.#orders.serve(to, ordered);
    const status = this.#statuses.get(to);
    if ((status?.final ?? 0) < final) this.#finality.serveNewest(to);
    for (let at = committed + 1; at <= ordered + HEIGHT_WINDOW; at++) this.#repeatHeight(to, at, status);
  }

  #repeatHeight(to: Seat, height: Height, status: StatusMessage | undefined): void {
    const messages = this.#own.get(height);
    if (messages === undefined) return;
    const bit = 1n << BigInt(this.#context.config.seat);
    const held = status?.held[height - status.ordered - 1];
    const { proposal, certificate, final } = messages;
    if (((held?.proposals ?? 0n) & bit) === 0n) this.#send(to, proposal);
    if (((held?.certificates ?? 0n) & bit) === 0n) this.#send(to, certificate);
    this.#send(to, messages.acknowledgements.get(to));
    for (const message of messages.agreement) this.#send(to, message);
    this.#send(to, final);
  }

  #send(to: Seat, message: OwnMessage | undefined): void {
    if (message !== undefined) this.#context.send(to, message.channel, message.kind, message.bytes);
  }
}

/** 1, 2, 4, 8 and every eighth after that. */
function isStep(stalled: number): boolean {
  return stalled < MAX_BACKOFF ? (stalled & (stalled - 1)) === 0 : stalled % MAX_BACKOFF === 0;
}
