import { toHex } from "@tributary/protocol/bytes/hex";
import type { Effect, HexHash, Order, VoteRecord } from "@tributary/protocol/consensus/types";
import { countSeats, forEachSeat, seatBit } from "@tributary/protocol/consensus/vote-set";
import { quorum } from "@tributary/protocol/quorum";
import { coinDigest } from "@tributary/protocol/wire/digests";

type Said = { zeros: bigint; ones: bigint };

/** Watches what honest members say and hold, and names every rule of consensus.md that it sees broken. */
export class Monitor {
  readonly #members: number;
  readonly #violations = new Set<string>();
  /** One thing that an honest member may say once: its first value. */
  readonly #slots = new Map<string, string>();
  /** AUX, CONF and DONE by speaker, height, kind and round. */
  readonly #votes = new Map<string, Said>();
  /** Members whose CONF for (seat, round) reached a member: by receiver, height, seat, round. */
  readonly #confirmations = new Map<string, bigint>();
  /** Certificates that exist: p, and whether an honest member held it. */
  readonly #certified = new Set<HexHash>();
  /** The thing that each coin's shares sign: one instance and round each. */
  readonly #coins = new Map<HexHash, string>();
  readonly #orders = new Map<number, Order>();
  readonly #genesis: HexHash;

  constructor(members: number, genesis: HexHash) {
    this.#members = members;
    this.#genesis = genesis;
  }

  get violations(): readonly string[] {
    return [...this.#violations];
  }

  order(height: number): Order | undefined {
    return this.#orders.get(height);
  }

  report(violation: string): void {
    this.#violations.add(violation);
  }

  /** An honest member was given the certificate of p. */
  held(digest: HexHash): void {
    this.#certified.add(digest);
  }

  /** Votes reached an honest member. */
  heard(to: number, from: number, height: number, records: readonly VoteRecord[]): void {
    for (const { kind, round, zeros, ones } of records) {
      if (kind !== "conf") continue;
      forEachSeat(zeros | ones, (seat) => {
        const key = `${to} ${height} ${seat} ${round}`;
        this.#confirmations.set(key, (this.#confirmations.get(key) ?? 0n) | seatBit(from));
      });
    }
  }

  /** What an honest member put out. `honest` tells who may not be accused. */
  said(member: number, effect: Effect, honest: (seat: number) => boolean): void {
    switch (effect.kind) {
      case "propose":
        this.#once(`${member} propose ${effect.proposal.header.height}`, effect.proposal.digest);
        break;
      case "acknowledge": {
        const { header, digest } = effect.proposal;
        this.#once(`${member} ack ${header.height} ${header.seat}`, digest);
        const anchor = header.height <= 2 ? this.#genesis : this.#orders.get(header.height - 2)?.digest;
        if (anchor !== undefined && anchor !== header.anchor) this.report("a wrong anchor was acknowledged");
        break;
      }
      case "vote":
        this.heard(member, member, effect.height, effect.records);
        for (const record of effect.records) this.#vote(member, effect.height, record);
        break;
      case "coin":
        this.#coin(member, effect.height, effect.seat, effect.round);
        break;
      case "decide":
        this.#once(`${member} decide ${effect.order.height}`, effect.order.digest);
        this.#agree(effect.order);
        break;
      case "ordered":
        this.#agree(effect.order);
        break;
      case "sign-final":
        this.#once(`${member} final ${effect.height}`, effect.hash);
        break;
      case "evidence":
        if (honest(effect.from)) this.report("an honest member was accused");
        break;
      default:
    }
  }

  #once(slot: string, value: string): void {
    const earlier = this.#slots.get(slot);
    if (earlier === undefined) this.#slots.set(slot, value);
    else if (earlier !== value) this.report("honest contradiction");
  }

  #vote(member: number, height: number, { kind, round, zeros, ones }: VoteRecord): void {
    if (kind === "est") return;
    if (kind !== "conf" && (zeros & ones) !== 0n) this.report("honest contradiction");
    const key = `${member} ${height} ${kind} ${round}`;
    const said = this.#votes.get(key) ?? { zeros: 0n, ones: 0n };
    const again = (said.zeros | said.ones) & (zeros | ones);
    if ((said.zeros & again) !== (zeros & again) || (said.ones & again) !== (ones & again)) {
      this.report("honest contradiction");
    }
    this.#votes.set(key, { zeros: said.zeros | zeros, ones: said.ones | ones });
  }

  #coin(member: number, height: number, seat: number, round: number): void {
    const said = this.#votes.get(`${member} ${height} conf ${round}`);
    if (said === undefined || ((said.zeros | said.ones) & seatBit(seat)) === 0n) {
      this.report("coin share before the own CONF");
    }
    const slot = `${height} ${seat} ${round}`;
    const digest = toHex(coinDigest({ group: this.#genesis, era: 1, epoch: 1, height }, seat, round));
    if ((this.#coins.get(digest) ?? slot) !== slot) this.report("one coin for two instances");
    this.#coins.set(digest, slot);
    const confirmed = countSeats(this.#confirmations.get(`${member} ${height} ${seat} ${round}`) ?? 0n);
    if (confirmed < quorum(this.#members)) this.report("coin share before a quorum of CONF");
  }

  #agree(order: Order): void {
    const first = this.#orders.get(order.height);
    if (first === undefined) {
      this.#orders.set(order.height, order);
      this.#accept(order);
    } else if (first.digest !== order.digest) this.report("agreement: two orders of one height");
  }

  #accept({ height, previous, accepted }: Order): void {
    if (accepted.length < quorum(this.#members)) this.report("fewer than q accepted");
    const before = height === 1 ? this.#genesis : this.#orders.get(height - 1)?.digest;
    if (before !== undefined && before !== previous) this.report("an order that does not follow its predecessor");
    for (const { proposal } of accepted) {
      if (!this.#certified.has(proposal.digest))
        this.report("validity: accepted without a certificate at an honest member");
    }
  }
}
