import type { Height, HexHash, Seat } from "@tributary/protocol/consensus/types";
import { accuseFinals } from "@tributary/protocol/evidence/accuse";
import {
  encode,
  type FinalityMessage,
  type FinalMessage,
  finalDigest,
  finalMessageDigest,
} from "@tributary/protocol/wire/index";
import { type Combining, combineInTurn } from "./combining.ts";
import type { Evidence } from "./evidence.ts";
import type { MemberContext } from "./member-context.ts";
import type { OwnMessages } from "./own-messages.ts";
import { ShareCollector } from "./share-collector.ts";
import type { SlotLocks } from "./slot-locks.ts";
import type { Turn } from "./turn.ts";

/** FINALs are taken so many heights above the highest ORDER or F held. */
const WINDOW = 3;
/**
 * Heights of which certificates, and FINALs, are kept until the height was committed here. Beyond it the newest
 * certificates go, since the lowest is the one that the next commit waits for; they come back with their containers.
 */
const MAX_CERTIFIED = 256;

export type Certified = { readonly hash: HexHash; readonly era: number; readonly certificate: Uint8Array };

/** FINALs of one height that disagree so that no hash can reach a quorum any more. */
export type Split = {
  readonly height: Height;
  /** Most seats first. */
  readonly hashes: readonly { readonly hash: HexHash; readonly seats: readonly Seat[] }[];
};

/** FINAL and F(h). consensus.md 8. */
export class Finality {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #own: OwnMessages;
  readonly #locks: SlotLocks;
  readonly #evidence: Evidence;
  readonly #epochOf: (height: Height) => number | undefined;
  readonly #changed: (height: Height) => void;
  readonly #said = new Map<Height, Map<Seat, FinalMessage>>();
  readonly #collecting = new Map<Height, Map<HexHash, Combining>>();
  readonly #certified = new Map<Height, Certified>();
  readonly #checking = new Set<string>();
  /** The newest FINALITY as it is sent to members that lack it. */
  #newest: Uint8Array | undefined;
  #newestHeight = 0;

  /**
   * `epochOf`: epoch that the height's header names, which is part of what F signs; undefined while it is not known.
   * `changed`: F of a height that was not committed here is held now.
   */
  constructor(
    context: MemberContext,
    turn: Turn,
    own: OwnMessages,
    locks: SlotLocks,
    evidence: Evidence,
    epochOf: (height: Height) => number | undefined,
    changed: (height: Height) => void,
  ) {
    this.#context = context;
    this.#turn = turn;
    this.#own = own;
    this.#locks = locks;
    this.#evidence = evidence;
    this.#epochOf = epochOf;
    this.#changed = changed;
  }

  certified(height: Height): Certified | undefined {
    return this.#certified.get(height);
  }

  onFinal(from: Seat, message: FinalMessage): void {
    const { height, hash } = message;
    if (!this.#context.ours(message) || message.seat !== from) {
      this.#context.drop(from, "final", "invalid");
      return;
    }
    const { ordered, final } = this.#context;
    const epoch = this.#epochOf(height);
    if (!this.#useful(height) || height > Math.max(ordered, final) + WINDOW || epoch === undefined) {
      this.#context.drop(from, "final", "outside-window");
      return;
    }
    if (this.#said.get(height)?.get(from)?.hash === hash) {
      this.#context.drop(from, "final", "duplicate");
      return;
    }
    this.#context.ports.verifier.node(from, finalMessageDigest(message), message.signature, (ok) => {
      if (ok) this.#heard(message);
      else this.#context.drop(from, "final", "bad-signature");
    });
  }

  onFinality(from: Seat, message: FinalityMessage): void {
    const { config } = this.#context;
    const { height, hash, certificate, epoch } = message;
    if (epoch !== (this.#epochOf(height) ?? epoch) || message.certificateEra !== config.era) {
      this.#context.drop(from, "finality", "invalid");
      return;
    }
    const check = `${height}.${from}`;
    if (!this.#useful(height) || this.#checking.has(check)) {
      this.#context.drop(from, "finality", "duplicate");
      return;
    }
    this.#checking.add(check);
    this.verify(height, epoch, hash, certificate, (ok) => {
      this.#checking.delete(check);
      if (ok) this.accept(from, height, epoch, hash, certificate);
      else this.#context.drop(from, "finality", "bad-signature");
    });
  }

  /**
   * The next height to be committed, where its FINALs leave no hash that can get q of them: each member signs one hash in
   * an era, so only another era makes it final. consensus.md 8.
   */
  get split(): Split | undefined {
    const height = this.#context.committed + 1;
    const said = this.#said.get(height);
    if (said === undefined || this.#certified.has(height)) return undefined;
    const bySeats = new Map<HexHash, Seat[]>();
    for (const [seat, { hash }] of said) bySeats.set(hash, [...(bySeats.get(hash) ?? []), seat]);
    const hashes = [...bySeats]
      .map(([hash, seats]) => ({ hash, seats }))
      .sort((a, b) => b.seats.length - a.seats.length);
    const open = this.#context.config.members - said.size;
    return (hashes[0]?.seats.length ?? 0) + open < this.#context.quorum ? { height, hashes } : undefined;
  }

  /** All epochs of an era have one group key. */
  verify(height: Height, epoch: number, hash: HexHash, certificate: Uint8Array, done: (ok: boolean) => void): void {
    const digest = finalDigest({ ...this.#context.slot(height), epoch }, hash);
    this.#context.ports.verifier.certificate(digest, certificate, done);
  }

  /** F(h) was verified or combined here. */
  accept(from: Seat, height: Height, epoch: number, hash: HexHash, certificate: Uint8Array): void {
    if (!this.#useful(height)) return;
    const { era } = this.#context.config;
    const bytes = encode({ kind: "finality", epoch, height, hash, certificateEra: era, certificate });
    this.#hold(height, { hash, era, certificate }, bytes);
    this.#context.final = Math.max(this.#context.final, height);
    for (const { collector } of this.#collecting.get(height)?.values() ?? []) collector.close();
    if (this.#said.size > MAX_CERTIFIED) this.#drop(height);
    this.#turn.input({ kind: "final", height, hash }, { kind: "message", from, message: bytes });
    this.#changed(height);
  }

  replay(message: FinalityMessage, bytes: Uint8Array): void {
    const { height, hash, certificate } = message;
    this.#hold(height, { hash, era: message.certificateEra, certificate }, bytes);
    this.#context.final = Math.max(this.#context.final, height);
  }

  /** The newest container of the store is news to the core where the log lost its end. After the replay. */
  resume(height: Height, epoch: number, certified: Certified): void {
    const { hash, era: certificateEra, certificate } = certified;
    const { seat: from } = this.#context.config;
    if (height <= this.#newestHeight) return;
    this.#newestHeight = height;
    const message = encode({ kind: "finality", epoch, height, hash, certificateEra, certificate });
    this.#newest = message;
    if (height <= this.#context.final) return;
    this.#context.final = height;
    this.#turn.input({ kind: "final", height, hash }, { kind: "message", from, message });
  }

  /** The inputs are durable: locks (certificate era, h) -> hash, then releases the share over it. */
  release(height: Height, hash: HexHash): (() => void) | undefined {
    const epoch = this.#epochOf(height);
    if (!this.#useful(height) || epoch === undefined || this.#context.observer) return undefined;
    if (!this.#locks.final(height, hash)) return undefined;
    return () => {
      const { config, ports } = this.#context;
      const { seat } = config;
      const slot = this.#context.slot(height);
      ports.signer.sign({ kind: "final", slot, epoch, hash }, ({ signature, shares: [share] }) => {
        if (!this.#useful(height) || share === undefined) return;
        const said: FinalMessage = { kind: "final", ...slot, seat, hash, share, signature };
        const bytes = encode(said);
        const message = this.#own.final(height, bytes);
        this.#context.broadcast(message.channel, message.kind, bytes);
        this.#heard(said);
      });
    };
  }

  /** The newest F, to a member that lacks it. */
  serveNewest(to: Seat): void {
    if (this.#newest !== undefined) this.#context.send(to, "shares", "finality", this.#newest);
  }

  forget(committed: Height): void {
    for (const height of this.#said.keys()) if (height <= committed) this.#drop(height);
    for (const height of this.#certified.keys()) if (height <= committed) this.#certified.delete(height);
  }

  /**
   * F of the height is not here and not behind. Not only above the highest F: F(h+1) may come first, and if nobody
   * cared for F(h) then, it would never exist.
   */
  #useful(height: Height): boolean {
    return !this.#certified.has(height) && height > this.#context.committed;
  }

  /** What members said of a height that has its F. */
  #drop(height: Height): void {
    this.#said.delete(height);
    for (const { collector } of this.#collecting.get(height)?.values() ?? []) collector.close();
    this.#collecting.delete(height);
  }

  #hold(height: Height, certified: Certified, bytes: Uint8Array): void {
    // A log says again what was committed before the restart: nobody waits for that, and it must not take the place of
    // what is awaited.
    if (height > this.#context.committed) this.#certified.set(height, certified);
    if (this.#certified.size > MAX_CERTIFIED) this.#certified.delete(Math.max(...this.#certified.keys()));
    if (height <= this.#newestHeight) return;
    this.#newestHeight = height;
    this.#newest = bytes;
  }

  #heard(said: FinalMessage): void {
    const { height, seat: from } = said;
    if (!this.#useful(height)) return;
    let seats = this.#said.get(height);
    if (seats === undefined) {
      seats = new Map();
      this.#said.set(height, seats);
    }
    const earlier = seats.get(from);
    if (earlier !== undefined) {
      if (earlier.hash !== said.hash) this.#evidence.keep(accuseFinals(earlier, said));
      return;
    }
    seats.set(from, said);
    const collecting = this.#collector(height, said.hash);
    collecting.collector.add(from, said.share);
    combineInTurn(this.#context, height, collecting);
  }

  #collector(height: Height, hash: HexHash): Combining {
    let hashes = this.#collecting.get(height);
    if (hashes === undefined) {
      hashes = new Map();
      this.#collecting.set(height, hashes);
    }
    const known = hashes.get(hash);
    if (known !== undefined) return known;
    const { config, ports, quorum } = this.#context;
    const { era: certificateEra } = config;
    const epoch = this.#epochOf(height) ?? config.epoch;
    const collector = new ShareCollector(
      finalDigest({ ...this.#context.slot(height), epoch }, hash),
      quorum,
      ports.verifier,
      (certificate) => {
        this.accept(config.seat, height, epoch, hash, certificate);
        if (!collecting.says) return;
        const bytes = encode({ kind: "finality", epoch, height, hash, certificateEra, certificate });
        this.#turn.afterFlush(() => this.#context.broadcast("shares", "finality", bytes));
      },
      (from) => this.#context.report({ kind: "bad-share", from, about: "final", height }),
    );
    const collecting: Combining = { collector, opening: false, says: true };
    hashes.set(hash, collecting);
    return collecting;
  }
}
