import type { Height, HexHash, Seat } from "@tributary/protocol/consensus/types";
import { containerHash } from "@tributary/protocol/container/codec";
import { bodyRoot, decodeContainerBody } from "@tributary/protocol/container/container-body";
import { type ContainerMessage, encode, type GetContainerMessage } from "@tributary/protocol/wire/index";
import type { Border } from "./border.ts";
import type { Execution } from "./execution.ts";
import type { Finality } from "./finality.ts";
import type { FetchedContainer } from "./layer.ts";
import type { MemberContext } from "./member-context.ts";

/** Containers in one request, requests under way, and heights that are fetched ahead of the execution. */
const RANGE = 16;
const MAX_RANGES = 4;
const MAX_AHEAD = 64;
/** Heights behind from which on containers are fetched though ORDERs are here: bodies and Fs so old are hardly told any more. */
const FAR = 16;
/**
 * Milliseconds after the first claim for which this member hears others, where that claim is far above it, before it asks for
 * containers: who is as far behind as that takes a snapshot, and executes nothing before.
 */
const HEAR_MS = 1_000;
/** Bytes of fetched containers that wait for their range to be complete. */
const MAX_HELD_BYTES = 64 << 20;
/** Bytes that one GET_CONTAINER is answered with; the rest is asked for again. */
const MAX_ANSWER_BYTES = 16 << 20;
/** Milliseconds without an answer after which a range goes to another member. */
const TIMEOUT_MS = 2_000;
/** Milliseconds for which a member that answered wrongly is not asked, times the number of its faults. */
const AVOID_MS = 10_000;
/** Milliseconds between two requests for one ORDER. */
const ORDER_RETRY_MS = 500;

/** `elsewhere`: of another epoch, so that it says nothing of this one's heights but what is asked for. */
type Peer = { ordered: Height; final: Height; elsewhere: boolean; faults: number; avoidUntil: number };
type Range = {
  readonly peer: Seat;
  readonly first: Height;
  last: Height;
  readonly got: Map<Height, FetchedContainer>;
  bytes: number;
  since: number;
  checking: boolean;
};

/** Brings this member to the heights of the others. consensus.md 10. */
export class CatchUp {
  readonly #context: MemberContext;
  readonly #execution: Execution;
  readonly #finality: Finality;
  readonly #border: Border;
  /** Heights that the era before ordered. */
  readonly #covers: (height: Height) => boolean;
  readonly #peers = new Map<Seat, Peer>();
  readonly #ranges = new Set<Range>();
  readonly #ordersAsked = new Map<Height, number>();
  #next = 0;
  #claimed = 0;
  #heardSince: number | undefined;

  constructor(
    context: MemberContext,
    execution: Execution,
    finality: Finality,
    border: Border,
    covers: (height: Height) => boolean,
  ) {
    this.#context = context;
    this.#execution = execution;
    this.#finality = finality;
    this.#border = border;
    this.#covers = covers;
  }

  /** The highest final height that at least one honest member claims; of who follows, any that so many nodes claim. */
  get claimedFinal(): Height {
    const { observer } = this.#context;
    const counted = [...this.#peers].filter(([seat]) => observer || !this.#context.isGuest(seat));
    const claims = counted.map(([, { final }]) => final).sort((a, b) => b - a);
    return claims[this.#context.oneHonest - 1] ?? 0;
  }

  /** Of a member of another epoch: only what is final there concerns this one. */
  statusElsewhere(from: Seat, final: Height): void {
    const peer = this.#peer(from);
    peer.ordered = 0;
    peer.final = final;
    peer.elsewhere = true;
    this.#hear();
    this.plan();
  }

  status(from: Seat, ordered: Height, final: Height): void {
    const peer = this.#peer(from);
    peer.ordered = ordered;
    peer.final = final;
    peer.elsewhere = false;
    this.#hear();
    if (ordered > this.#context.ordered) this.#askOrder(from, ordered);
    this.plan();
  }

  down(peer: Seat): void {
    for (const range of this.#ranges) if (range.peer === peer && !range.checking) this.#ranges.delete(range);
  }

  onContainer(from: Seat, message: ContainerMessage, bytes: Uint8Array): void {
    const { height } = message.header;
    const range = [...this.#ranges].find(
      (candidate) => candidate.peer === from && height >= candidate.first && height <= candidate.last,
    );
    if (range === undefined || range.checking || range.got.has(height)) {
      this.#context.drop(from, "container", "duplicate");
      return;
    }
    // The era that is asked for ends below it, which is news only here.
    if (message.certificateEra > this.#context.config.era) {
      this.#cut(range, height);
      return;
    }
    const container = this.#inspect(message, bytes);
    if (container === undefined) {
      this.#fault(range);
      return;
    }
    range.got.set(height, container);
    range.bytes += bytes.length;
    range.since = this.#context.ports.clock.now();
    if (range.got.size === range.last - range.first + 1) this.#verify(range);
  }

  onGetContainer(from: Seat, { height, count }: GetContainerMessage): void {
    const { store } = this.#context.ports;
    let sent = 0;
    for (let at = height; at < height + Math.min(count, RANGE) && sent < MAX_ANSWER_BYTES; at++) {
      const bytes = store.container(at);
      if (bytes === undefined) return;
      sent += bytes.length;
      this.#context.send(from, "bodies", "container", bytes);
    }
  }

  /** Gives up on silent members and asks others. */
  tick(): void {
    const now = this.#context.ports.clock.now();
    for (const range of this.#ranges) {
      if (range.checking || now - range.since < TIMEOUT_MS) continue;
      if (range.got.has(range.first)) this.#verify(range);
      else {
        this.#ranges.delete(range);
        this.#peer(range.peer).avoidUntil = now + TIMEOUT_MS;
      }
    }
    for (const [height, asked] of this.#ordersAsked) {
      if (now - asked >= ORDER_RETRY_MS) this.#ordersAsked.delete(height);
    }
    this.plan();
  }

  /** Asks for what is missing between the own tip and the others' heights. */
  plan(): void {
    const { halted } = this.#execution;
    // What is below the fork may still lack its F.
    if (halted !== undefined && halted !== "unknown-fork") return;
    if (this.#context.stopped || this.#context.joining) return;
    this.#askMissingFinality();
    if (halted !== undefined) return;
    const { ordered } = this.#context;
    const last = this.#lastWanted();
    const end = Math.min(this.#execution.tip + MAX_AHEAD, last);
    let highest = 0;
    for (const peer of this.#peers.values()) highest = Math.max(highest, peer.final);
    if (this.#isUnsure(highest)) return;
    for (let height = this.#execution.tip + 1; height <= Math.min(end, Math.max(ordered, highest)); height++) {
      const starves = height <= highest && this.#execution.starves(height);
      if (!(starves || this.#lacks(height)) || this.#underWay(height)) continue;
      if (height <= highest && this.#askContainers(height)) continue;
      if (height <= ordered) this.#askOrderOfAny(height);
    }
  }

  /** Tells how far the others are, before anything is asked of them. */
  #hear(): void {
    this.#heardSince ??= this.#context.ports.clock.now();
    const final = this.claimedFinal;
    if (final <= this.#claimed) return;
    this.#claimed = final;
    this.#context.report({ kind: "claimed", final });
  }

  /** Somebody claims to be far above, and others have not had the time to say so. */
  #isUnsure(highest: Height): boolean {
    const near = this.#execution.tip + MAX_AHEAD;
    if (highest <= near || this.#claimed > near) return false;
    return this.#context.ports.clock.now() - (this.#heardSince ?? 0) < HEAR_MS;
  }

  #peer(seat: Seat): Peer {
    let peer = this.#peers.get(seat);
    if (peer === undefined) {
      peer = { ordered: 0, final: 0, elsewhere: false, faults: 0, avoidUntil: 0 };
      this.#peers.set(seat, peer);
    }
    return peer;
  }

  #underWay(height: Height): boolean {
    for (const range of this.#ranges) if (height >= range.first && height <= range.last) return true;
    return false;
  }

  /** The next live member, in turn, for which `suits` holds. */
  #choose(suits: (peer: Peer) => boolean): Seat | undefined {
    const now = this.#context.ports.clock.now();
    const { config, guests } = this.#context;
    const count = Math.max(config.members, ...[...guests].map((seat) => seat + 1));
    for (let i = 0; i < count; i++) {
      const seat = (this.#next + i) % count;
      const peer = this.#peers.get(seat);
      if (peer === undefined || !this.#context.reaches(seat) || peer.avoidUntil > now || !suits(peer)) continue;
      this.#next = seat + 1;
      return seat;
    }
    return undefined;
  }

  /** Containers from `first` on, from one member. False when nobody can be asked now. */
  #askContainers(first: Height): boolean {
    if (this.#ranges.size >= MAX_RANGES) return true;
    let held = 0;
    for (const range of this.#ranges) held += range.bytes;
    if (held > MAX_HELD_BYTES) return true;
    const seat = this.#choose((peer) => peer.final >= first);
    if (seat === undefined) return false;
    let last = first;
    const limit = Math.min(first + RANGE - 1, this.#peer(seat).final, this.#lastWanted());
    while (last < limit && this.#lacks(last + 1) && !this.#underWay(last + 1)) last += 1;
    this.#request(seat, first, last);
    return true;
  }

  #request(peer: Seat, first: Height, last: Height): void {
    const since = this.#context.ports.clock.now();
    this.#ranges.add({ peer, first, last, got: new Map(), bytes: 0, since, checking: false });
    const request = encode({ kind: "get-container", height: first, count: last - first + 1 });
    this.#context.send(peer, "shares", "get-container", request);
  }

  #askOrderOfAny(height: Height): void {
    if (this.#ordersAsked.has(height) || this.#covers(height)) return;
    const seat = this.#choose((peer) => peer.ordered >= height);
    if (seat !== undefined) this.#askOrder(seat, height);
  }

  #askOrder(seat: Seat, height: Height): void {
    if (this.#ordersAsked.has(height)) return;
    this.#ordersAsked.set(height, this.#context.ports.clock.now());
    this.#context.send(seat, "shares", "get-order", encode({ kind: "get-order", height }));
  }

  #lacks(height: Height): boolean {
    return this.#execution.lacks(height) || (height + FAR <= this.claimedFinal && this.#execution.bare(height));
  }

  /** Heights were executed here, but their Fs passed by. */
  #askMissingFinality(): void {
    const first = this.#execution.committed + 1;
    let { final } = this.#context;
    for (const peer of this.#peers.values()) if (peer.elsewhere) final = Math.max(final, peer.final);
    const missing = (height: Height): boolean =>
      this.#execution.uncertified(height) && final >= height && !this.#underWay(height);
    if (!missing(first)) return;
    const seat = this.#choose((peer) => peer.final >= first);
    if (seat === undefined) return;
    let last = first;
    while (last < this.#peer(seat).final && missing(last + 1)) last += 1;
    this.#request(seat, first, last);
  }

  /** The body is the header's, and the header is of this group. */
  #inspect(message: ContainerMessage, bytes: Uint8Array): FetchedContainer | undefined {
    const { header, certificateEra } = message;
    const { group, era, epoch } = this.#context.config;
    if (header.group !== group || certificateEra !== era) return undefined;
    // Ordered in the era before: a Recovery had it certified again.
    const inherited = this.#covers(header.height);
    if (header.era !== era && !inherited) return undefined;
    // One of a later epoch shows where this one ended; one of an earlier epoch would be by shares that are to be erased.
    if (header.epoch < epoch && !inherited) return undefined;
    const body = decodeContainerBody(message.body);
    if (body === undefined || bodyRoot(body) !== header.bodyRoot) return undefined;
    return { message, bytes, hash: containerHash(header), body };
  }

  /** Parents from the last one down, and every F: the verifier takes them as one batch. */
  #verify(range: Range): void {
    range.checking = true;
    const containers: FetchedContainer[] = [];
    let parent: HexHash | undefined;
    for (let height = range.first; height <= range.last; height++) {
      const container = range.got.get(height);
      if (container === undefined) break;
      if (parent !== undefined && container.message.header.parent !== parent) {
        this.#fault(range);
        return;
      }
      parent = container.hash;
      containers.push(container);
    }
    let waiting = containers.length;
    let good = true;
    for (const { message, hash } of containers) {
      this.#finality.verify(message.header.height, message.header.epoch, hash, message.certificate, (ok) => {
        good &&= ok;
        waiting -= 1;
        if (waiting > 0 || this.#context.stopped) return;
        this.#ranges.delete(range);
        if (good) this.#take(range.peer, containers);
        else this.#fault(range);
      });
    }
  }

  #take(from: Seat, containers: readonly FetchedContainer[]): void {
    for (const container of containers) {
      const { header, certificate } = container.message;
      if (header.epoch === this.#context.config.epoch || this.#covers(header.height)) {
        this.#finality.accept(from, header.height, header.epoch, container.hash, certificate);
      }
      this.#execution.addContainer(container);
    }
    this.plan();
  }

  /** Of an era that is over nothing above its end is wanted. */
  #lastWanted(): Height {
    return Math.min(this.#context.ports.ending?.()?.finalHeight ?? Number.POSITIVE_INFINITY, this.#border.last);
  }

  /** Nothing from the height on will come. */
  #cut(range: Range, height: Height): void {
    range.last = height - 1;
    for (const at of range.got.keys()) if (at >= height) range.got.delete(at);
    if (range.last < range.first) {
      this.#ranges.delete(range);
      this.#peer(range.peer).avoidUntil = this.#context.ports.clock.now() + TIMEOUT_MS;
    } else if (range.got.size === range.last - range.first + 1) this.#verify(range);
  }

  #fault(range: Range): void {
    this.#ranges.delete(range);
    const peer = this.#peer(range.peer);
    peer.faults += 1;
    peer.avoidUntil = this.#context.ports.clock.now() + AVOID_MS * Math.min(peer.faults, 60);
    this.#context.drop(range.peer, "container", "invalid");
    this.plan();
  }
}
