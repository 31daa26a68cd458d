import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { Random } from "../agreement/random.ts";
import { IdealCrypto } from "../network/ideal-crypto.ts";
import { simulatedMainchain } from "../network/simulated-mainchain.ts";
import { SimulatedMember } from "../network/simulated-member.ts";
import { SimulatedMesh } from "../network/simulated-mesh.ts";
import { toyConfig } from "../network/toy-config.ts";
import { TOY_CAPACITY } from "../network/toy-executor.ts";
import { decodeToyTransaction, toyTransaction } from "../network/toy-transaction.ts";
import { VirtualClock } from "../network/virtual-clock.ts";
import type { Costs } from "./measured-costs.ts";
import { Processor } from "./processor.ts";
import { type WideArea, WideLinks } from "./wide-links.ts";

export type WideOptions = {
  readonly members: number;
  readonly seed: number;
  /** Transactions, one a second. */
  readonly samples: number;
  readonly area: WideArea;
  readonly costs: Costs;
};

export type WideFigures = {
  /** Milliseconds from a client's submission to the commit at the member that took it; ascending. */
  readonly finality: readonly number[];
  readonly heights: number;
  readonly milliseconds: number;
  /** Part of a processor that a member was busy, on average. */
  readonly busy: number;
  readonly messagesPerHeightPerMember: number;
};

const SPACING_MS = 1_000;
/** Links come up and the mainchain is read. */
const SETTLE_MS = 3_000;
/** Milliseconds after which a transaction that is not final counts as lost. */
const PATIENCE_MS = 60_000;

/** Members as they are shipped, in virtual time: each with one processor, a disk, and links over a wide area. */
export class WideSimulation {
  readonly #options: WideOptions;
  readonly #clock = new VirtualClock();
  readonly #processors: readonly Processor[];
  readonly #mesh: SimulatedMesh;
  readonly #members: readonly SimulatedMember[];
  /** By hash: who took it, and when. */
  readonly #waiting = new Map<string, { readonly seat: number; readonly since: number }>();
  readonly #finality: number[] = [];

  constructor(options: WideOptions) {
    this.#options = options;
    const { members, seed, area } = options;
    const now = (): number => this.#clock.elapsed;
    const random = new Random(seed);
    const limits = { members, containerBytes: TOY_CAPACITY.bytes };
    this.#mesh = new SimulatedMesh(this.#clock, new WideLinks(area, random, now), limits);
    this.#processors = Array.from({ length: members }, () => new Processor(now));
    const crypto = new IdealCrypto(members, seed);
    this.#members = this.#processors.map((processor, seat) => this.#member(seat, processor, crypto));
  }

  /** Throws where a transaction does not become final. */
  run(): WideFigures {
    const { members, samples } = this.#options;
    for (const member of this.#members) member.start();
    this.#advance(SETTLE_MS);
    const from = { at: this.#clock.elapsed, height: this.#height, messages: this.#mesh.messages, busy: this.#busy };
    for (let nonce = 0; nonce < samples; nonce++) {
      const seat = nonce % members;
      const raw = toyTransaction(1, nonce, 21, nonce);
      const hash = decodeToyTransaction(raw)?.hash ?? "";
      this.#waiting.set(hash, { seat, since: this.#clock.elapsed });
      this.#members[seat]?.submit(raw);
      this.#advance(SPACING_MS);
    }
    for (let waited = 0; this.#waiting.size > 0; waited += SPACING_MS) {
      if (waited > PATIENCE_MS) throw new Error(`${this.#waiting.size} transactions are not final`);
      this.#advance(SPACING_MS);
    }
    const milliseconds = this.#clock.elapsed - from.at;
    const heights = Math.max(1, this.#height - from.height);
    return {
      finality: this.#finality.toSorted((a, b) => a - b),
      ...{ heights, milliseconds, busy: (this.#busy - from.busy) / members / milliseconds },
      messagesPerHeightPerMember: (this.#mesh.messages - from.messages) / heights / members,
    };
  }

  get #height(): number {
    return Math.max(...this.#members.map(({ committed }) => committed));
  }

  get #busy(): number {
    return this.#processors.reduce((sum, { busy }) => sum + busy, 0);
  }

  #advance(milliseconds: number): void {
    let over = false;
    this.#clock.after(milliseconds, () => {
      over = true;
    });
    while (!over && this.#clock.step());
  }

  #member(seat: number, processor: Processor, crypto: IdealCrypto): SimulatedMember {
    const { members, costs } = this.#options;
    const { nodeSign, nodeCheck: node, shareSign, certificate, combine } = costs;
    const checks = { node, certificate, combine };
    const flush = (): number => costs.flush;
    return new SimulatedMember({
      ...{ seat, clock: this.#clock, skew: 0, mesh: this.#mesh, logInflation: 1 },
      configOf: ({ era, epoch }) => toyConfig(seat, members, epoch, era),
      cryptoOf: () => crypto,
      latencies: {
        ...{ log: flush, journal: flush, store: flush },
        verify: (what) => processor.take(checks[what]),
        execute: () => processor.take(costs.execute),
      },
      mainchain: simulatedMainchain(() => this.#clock.elapsed, 0),
      signed: (by) => processor.take(by === "node" ? nodeSign : shareSign),
      outgoing: {
        // Nothing leaves before the thread comes to it.
        send: (to, channel, bytes) => {
          this.#clock.after(processor.backlog, () => this.#mesh.send(seat, to, channel, bytes));
        },
        distance: () => this.#mesh.distance,
      },
      event: (event) => {
        if (event.kind === "halted") throw new Error(`member ${seat} halted at ${event.height}: ${event.reason}`);
      },
      committed: (transactions) => this.#committed(seat, transactions),
    });
  }

  #committed(seat: number, transactions: readonly OrderedTransaction[]): void {
    for (const { raw, mark } of transactions) {
      const hash = decodeToyTransaction(raw)?.hash ?? "";
      const sent = this.#waiting.get(hash);
      if (sent?.seat !== seat || mark !== "executed") continue;
      this.#waiting.delete(hash);
      this.#finality.push(this.#clock.elapsed - sent.since);
    }
  }
}
