import type { HexHash, Order, Proposal, VoteRecord } from "@tributary/protocol/consensus/types";
import { forEachSeat, seatBit } from "@tributary/protocol/consensus/vote-set";
import { quorum } from "@tributary/protocol/quorum";
import { orderDigest } from "@tributary/protocol/wire/digests";
import type { Byzantine } from "./byzantine.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { splitVotes } from "./vote-pieces.ts";
import { genesis, group, type Message, type ProposalMint } from "./world.ts";

type Context = {
  readonly members: number;
  readonly honest: readonly number[];
  readonly faulty: readonly number[];
  /** Each vote for each seat travels alone. */
  readonly scattered: boolean;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly byzantine: Byzantine;
  readonly mint: ProposalMint;
  readonly post: (to: number, delay: number, message: Message) => void;
};

/** The f faulty members of a full simulation: they see each honest message when it is sent and answer it together. */
export class FaultyMembers {
  readonly #context: Context;
  readonly #provoked = new Set<string>();
  /** Honest acknowledgements of faulty members' proposals. */
  readonly #acks = new Map<HexHash, number>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** In answer to the first honest share of a coin. */
  coin(height: number, seat: number, round: number): void {
    this.#answer("coin", `${height} ${seat} ${round}`, (from, to) => {
      if (this.#context.byzantine.sends("coin", 0.5))
        this.#tell(from, to, { kind: "share", from, height, seat, round });
    });
  }

  /** The faulty members answer the first honest message of a slot, each to each honest member. */
  #answer(kind: string, slot: string, act: (from: number, to: number) => void): void {
    const key = `${kind} ${slot}`;
    if (this.#provoked.has(key)) return;
    this.#provoked.add(key);
    for (const from of this.#context.faulty) for (const to of this.#context.honest) act(from, to);
  }

  #tell(from: number, to: number, message: Message): void {
    this.#context.post(to, this.#context.scheduler.delay({ from, to }), message);
  }

  /** Votes that nobody honest has cast before set the faulty members off. */
  vote(height: number, record: VoteRecord): void {
    const unseen = (value: 0 | 1, seats: bigint) => {
      let rest = 0n;
      forEachSeat(seats, (seat) => {
        const key = `${height} ${record.kind} ${record.round} ${seat} ${value}`;
        if (!this.#provoked.has(key)) rest |= seatBit(seat);
        this.#provoked.add(key);
      });
      return rest;
    };
    const zeros = unseen(0, record.zeros);
    const ones = unseen(1, record.ones);
    if ((zeros | ones) === 0n) return;
    const { byzantine, faulty, honest, scheduler, scattered } = this.#context;
    for (const from of faulty) {
      byzantine.tell(honest, { kind: record.kind, round: record.round, zeros, ones }, (to, records) => {
        for (const forged of records) {
          for (const { seat, value, piece } of splitVotes(scheduler, scattered, to, forged)) {
            const delay = scheduler.delay({ from, to, seat, value });
            this.#context.post(to, delay, { kind: "vote", from, height, records: [piece] });
          }
        }
      });
    }
  }

  /** Faulty members acknowledge, or something else, or not; and propose: perhaps twice, perhaps on a wrong anchor. */
  proposal(proposal: Proposal): void {
    const { header } = proposal;
    for (const from of this.#context.faulty) {
      if (this.#context.byzantine.sends("ack", 0.8)) this.#tell(from, header.seat, { kind: "ack", from, proposal });
      if (this.#context.byzantine.style !== "silent" && this.#context.random.chance(0.2)) {
        this.#context.byzantine.ledger.of("ack").forged += 1;
        const other = this.#context.mint.make(header.seat, header.height, header.anchor, true);
        this.#tell(from, header.seat, { kind: "ack", from, proposal: other });
      }
    }
    const key = `propose ${header.height}`;
    if (this.#provoked.has(key)) return;
    this.#provoked.add(key);
    for (const from of this.#context.faulty) this.#proposeFaulty(from, header.height, header.anchor);
  }

  #proposeFaulty(from: number, height: number, anchor: HexHash): void {
    const wrong = this.#context.random.chance(0.1);
    const first = this.#context.mint.make(from, height, wrong ? group : anchor, this.#context.random.chance(0.5));
    const second = this.#context.random.chance(0.4) ? this.#context.mint.make(from, height, anchor, false) : first;
    const counts = this.#context.byzantine.ledger.of("proposal");
    if (second !== first) {
      counts.equivocated += 1;
      this.#context.byzantine.ledger.of("ack").equivocated += 1;
    }
    for (const to of this.#context.honest) {
      if (!this.#context.byzantine.sends("proposal", 0.9)) continue;
      if (wrong) counts.forged += 1;
      const preferred = this.#context.scheduler.side(to) === 0 ? first : second;
      this.#tell(from, to, { kind: "proposal", proposal: preferred });
      if (second !== first && this.#context.random.chance(0.3)) {
        this.#tell(from, to, { kind: "proposal", proposal: preferred === first ? second : first });
      }
    }
  }

  /** An honest member acknowledged a faulty proposal. With all faulty shares a quorum is near; the certificate goes to whom it pleases. */
  acknowledged(proposal: Proposal): void {
    const count = (this.#acks.get(proposal.digest) ?? 0) + 1;
    this.#acks.set(proposal.digest, count);
    if (count + this.#context.faulty.length !== quorum(this.#context.members)) return;
    const from = proposal.header.seat;
    const probability = this.#context.random.fraction();
    let told = 0;
    for (const to of this.#context.honest) {
      if (!this.#context.byzantine.sends("certificate", probability)) continue;
      told += 1;
      const delay =
        this.#context.scheduler.delay({ from, to, certificate: true }) * this.#context.random.pick([1, 1, 5, 20]);
      this.#context.post(to, delay, { kind: "certificate", proposal });
    }
    if (told > 0 && told < this.#context.honest.length)
      this.#context.byzantine.ledger.of("certificate").equivocated += 1;
  }

  /** In answer to the first honest DECIDE of a height. */
  decision(order: Order): void {
    let forged: Order | undefined;
    this.#answerOrLie("decide", order.height, (from, lie) => {
      if (!lie) return { kind: "decide", from, order };
      forged ??= this.#forgeOrder(order);
      return { kind: "decide", from, order: forged };
    });
  }

  #forgeOrder(order: Order): Order {
    const accepted = order.accepted.slice(1);
    const slot = { group, era: 1, epoch: 1, height: order.height };
    return { ...order, accepted, digest: orderDigest(slot, order.previous, accepted) };
  }

  /** In answer to the first honest FINAL of a height. */
  final(height: number, hash: HexHash): void {
    this.#answerOrLie("final", height, (from, lie) => ({ kind: "final", from, height, hash: lie ? genesis : hash }));
  }

  /** The truth to some and a lie to others; a member that tells both equivocates. */
  #answerOrLie(kind: "decide" | "final", height: number, message: (from: number, lie: boolean) => Message): void {
    const counts = this.#context.byzantine.ledger.of(kind);
    const told = new Map<number, boolean>();
    this.#answer(kind, `${height}`, (from, to) => {
      if (!this.#context.byzantine.sends(kind, 0.7)) return;
      const lie = this.#context.random.chance(0.5);
      if (lie) counts.forged += 1;
      if ((told.get(from) ?? lie) !== lie) counts.equivocated += 1;
      else told.set(from, lie);
      this.#tell(from, to, message(from, lie));
    });
  }
}
