import { toHex } from "@tributary/protocol/bytes/hex";
import type { Height, HexHash, Order, Proposal } from "@tributary/protocol/consensus/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { type BodyMessage, encode, type GetBodyMessage } from "@tributary/protocol/wire/index";
import type { MemberContext } from "./member-context.ts";
import type { Turn } from "./turn.ts";

/** Milliseconds after which a body that did not come is asked of the next member. */
const RETRY_MS = 400;

type Body = { readonly bytes: Uint8Array; readonly hashes: readonly string[] };
type Want = { readonly proposal: Proposal; attempt: number; asked: number };

/** Bodies of the heights in work by digest p; pulls those of accepted proposals that did not arrive by themselves. */
export class Bodies {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #arrived: (height: Height) => void;
  readonly #heights = new Map<Height, Map<HexHash, Body>>();
  readonly #wants = new Map<HexHash, Want>();
  readonly #empty: Uint8Array;
  readonly #emptyHash: HexHash;

  constructor(context: MemberContext, turn: Turn, arrived: (height: Height) => void) {
    this.#context = context;
    this.#turn = turn;
    this.#arrived = arrived;
    this.#empty = context.ports.bodies.encode([]);
    this.#emptyHash = toHex(keccak256(this.#empty));
  }

  /** `hashes`: of its transactions, where they are known. */
  put({ header, digest }: Proposal, bytes: Uint8Array, hashes: readonly string[]): void {
    let height = this.#heights.get(header.height);
    if (height === undefined) {
      height = new Map();
      this.#heights.set(header.height, height);
    }
    height.set(digest, { bytes, hashes });
    if (this.#wants.delete(digest)) this.#arrived(header.height);
  }

  get({ header, digest }: Proposal): Uint8Array | undefined {
    if (header.bodyHash === this.#emptyHash) return this.#empty;
    return this.#heights.get(header.height)?.get(digest)?.bytes;
  }

  /** Leaves what is here of these heights to the era that comes. */
  bequeath(first: Height, last: Height): void {
    for (const [height, bodies] of this.#heights) {
      if (height < first || height > last) continue;
      for (const [digest, { bytes }] of bodies) this.#context.ports.store.putBody(height, digest, bytes);
    }
  }

  /** Hashes of the transactions in the accepted bodies that are here. */
  *accepted(order: Order): Iterable<string> {
    const height = this.#heights.get(order.height);
    for (const { proposal } of order.accepted) yield* height?.get(proposal.digest)?.hashes ?? [];
  }

  /** Asks for the accepted bodies that are not here. True when none is missing. */
  complete(order: Order): boolean {
    let complete = true;
    for (const { proposal } of order.accepted) {
      if (this.get(proposal) !== undefined) continue;
      complete = false;
      if (this.#wants.has(proposal.digest)) continue;
      const want: Want = { proposal, attempt: 0, asked: 0 };
      this.#wants.set(proposal.digest, want);
      this.#ask(want);
    }
    return complete;
  }

  /** The body of a wanted proposal, from whatever message it came in. False when it is not wanted or not right. */
  offer(digest: HexHash, bytes: Uint8Array): boolean {
    const want = this.#wants.get(digest);
    if (want === undefined) return false;
    const { header } = want.proposal;
    if (bytes.length !== header.bodyBytes || toHex(keccak256(bytes)) !== header.bodyHash) return false;
    this.#turn.keep({
      kind: "message",
      from: this.#context.config.seat,
      message: encode({ kind: "body", height: header.height, digest, offset: 0, bytes }),
    });
    this.put(want.proposal, bytes, []);
    return true;
  }

  /** A pulled body as the log holds it: of a proposal that the log holds too, or that will be asked for again. */
  replay({ height, digest, bytes }: BodyMessage): void {
    const bodies = this.#heights.get(height) ?? new Map<HexHash, Body>();
    this.#heights.set(height, bodies);
    bodies.set(digest, { bytes, hashes: [] });
    this.#wants.delete(digest);
  }

  onBody(from: number, message: BodyMessage): void {
    const wanted = this.#wants.has(message.digest);
    if (message.offset === 0 && this.offer(message.digest, message.bytes)) return;
    this.#context.drop(from, "body", wanted ? "invalid" : "duplicate");
  }

  /** Bodies are at most ceil(B/q) bytes, so that one is answered in one message; a part is answered with that part. */
  onGetBody(from: number, { height, digest, offset, length }: GetBodyMessage): void {
    const body = this.#heights.get(height)?.get(digest)?.bytes;
    if (body === undefined || offset > body.length) return;
    const bytes = body.subarray(offset, Math.min(body.length, offset + length));
    this.#context.send(from, "bodies", "body", encode({ kind: "body", height, digest, offset, bytes }));
  }

  /** Asks the next member for what did not come. */
  tick(): void {
    const now = this.#context.ports.clock.now();
    for (const want of this.#wants.values()) if (now - want.asked >= RETRY_MS) this.#ask(want);
  }

  forget(final: Height): void {
    for (const height of this.#heights.keys()) if (height <= final) this.#heights.delete(height);
    for (const [digest, { proposal }] of this.#wants) {
      if (proposal.header.height <= final) this.#wants.delete(digest);
    }
  }

  /**
   * The proposer first, then the others in turn: at least f+1 honest members hold a certified body. What an era before
   * ordered may be held by nodes only that have no seat in this one.
   */
  #ask(want: Want): void {
    const { members, seat, inherited } = this.#context.config;
    const { height, seat: proposer, bodyBytes } = want.proposal.header;
    want.asked = this.#context.ports.clock.now();
    const guests = height <= (inherited?.orderHeight ?? 0) ? [...this.#context.guests] : [];
    const count = members + guests.length;
    for (let i = 0; i < count; i++) {
      const place = (proposer + want.attempt++) % count;
      const peer = place < members ? place : (guests[place - members] ?? seat);
      if (peer === seat || !this.#context.reaches(peer)) continue;
      const { digest } = want.proposal;
      const request = encode({ kind: "get-body", height, digest, offset: 0, length: bodyBytes });
      this.#context.send(peer, "shares", "get-body", request);
      return;
    }
  }
}
