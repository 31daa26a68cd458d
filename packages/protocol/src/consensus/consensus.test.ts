import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import { quorum } from "../quorum.ts";
import { toProposal } from "../wire/proposal-header.ts";
import { Consensus } from "./consensus.ts";
import type { Base, Effect, HexHash, Input, Order, Proposal } from "./types.ts";

const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));

function baseOf(members: number, seat: number): Base {
  return {
    members,
    seat,
    group: word(1),
    era: 1,
    epoch: 1,
    firstHeight: 1,
    ordered: 0,
    orderDigest: word(2),
    previousDigest: word(2),
    accepted: (1n << BigInt(members)) - 1n,
    final: 0,
  };
}

function proposalOf(height: number, seat: number, anchor: HexHash, txCount = 1, time = 0): Proposal {
  const slot = { group: word(1), era: 1, epoch: 1, height };
  const checkpoints: [] = [];
  return toProposal({
    version: 1,
    ...slot,
    seat,
    anchor,
    time,
    checkpoints,
    bodyHash: word(3),
    bodyBytes: 0,
    txCount,
    gas: 0,
  });
}

const of = <K extends Effect["kind"]>(effects: readonly Effect[], kind: K): Extract<Effect, { kind: K }>[] =>
  effects.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);

/** Members on a loss-free network in the order of sending, with ideal certificates: a quorum of shares makes one. */
class Cluster {
  readonly members: number;
  readonly cores: Consensus[];
  readonly logs: Input[][];
  readonly effects: Effect[][];
  readonly silent: ReadonlySet<number>;
  /** All timers but the heartbeat run out at once. */
  readonly #queue: (() => void)[] = [];
  readonly #shares = new Map<string, Set<number>>();
  readonly #own: HexHash[][];

  constructor(members: number, silent: readonly number[] = []) {
    this.members = members;
    this.silent = new Set(silent);
    this.cores = Array.from({ length: members }, (_, seat) => new Consensus(baseOf(members, seat)));
    this.logs = this.cores.map(() => []);
    this.effects = this.cores.map(() => []);
    this.#own = this.cores.map(() => []);
    for (const [seat, core] of this.cores.entries()) if (!this.silent.has(seat)) this.#apply(seat, core.start());
  }

  give(seat: number, input: Input): void {
    if (this.silent.has(seat)) return;
    this.logs[seat]!.push(input);
    this.#apply(seat, this.cores[seat]!.step(input));
  }

  run(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
  }

  #toAll(input: Input): void {
    for (let seat = 0; seat < this.members; seat++) this.#queue.push(() => this.give(seat, input));
  }

  #collect(slot: string, seat: number, full: () => void): void {
    const shares = this.#shares.get(slot) ?? new Set();
    this.#shares.set(slot, shares.add(seat));
    if (shares.size === quorum(this.members)) full();
  }

  #apply(seat: number, effects: readonly Effect[]): void {
    this.effects[seat]!.push(...effects);
    for (const effect of effects) this.#perform(seat, effect);
  }

  #perform(seat: number, effect: Effect): void {
    switch (effect.kind) {
      case "build": {
        const proposal = proposalOf(effect.height, seat, effect.anchor, effect.empty ? 0 : 1);
        this.#queue.push(() => this.give(seat, { kind: "work", pending: false }));
        this.#queue.push(() => this.give(seat, { kind: "built", proposal }));
        break;
      }
      case "propose":
        this.#toAll({ kind: "proposal", proposal: effect.proposal });
        break;
      case "acknowledge": {
        const { proposal } = effect;
        this.#collect(proposal.digest, seat, () => this.#toAll({ kind: "certificate", proposal }));
        break;
      }
      case "vote":
        this.#toAll({ kind: "vote", height: effect.height, from: seat, records: effect.records });
        break;
      case "coin": {
        const { height, seat: instance, round } = effect;
        const bit = ((height + instance + round) & 1) as 0 | 1;
        this.#collect(`coin ${height} ${instance} ${round}`, seat, () =>
          this.#toAll({ kind: "coin", height, seat: instance, round, bit }),
        );
        break;
      }
      case "decide":
        this.#collect(effect.order.digest, seat, () => this.#toAll({ kind: "order", order: effect.order }));
        break;
      case "ordered":
        this.#own[seat]![effect.order.height] = effect.order.digest;
        this.#queue.push(() =>
          this.give(seat, { kind: "executed", height: effect.order.height, hash: effect.order.digest }),
        );
        break;
      case "sign-final":
        this.#collect(`final ${effect.height} ${effect.hash}`, seat, () =>
          this.#toAll({ kind: "final", height: effect.height, hash: effect.hash }),
        );
        break;
      case "set-timer":
        if (effect.timer.kind !== "heartbeat") {
          this.#queue.push(() => this.give(seat, { kind: "timer", timer: effect.timer }));
        }
        break;
      default:
    }
  }
}

test.each([1, 2, 3, 4, 7, 16])("%i members order and finish heights with work at one of them", (members) => {
  const cluster = new Cluster(members);
  for (let height = 1; height <= 5; height++) {
    cluster.give(height % members, { kind: "work", pending: true });
    cluster.run();
    for (const core of cluster.cores) {
      expect(core.ordered).toBe(height);
      expect(core.final).toBe(height);
      expect(core.orderDigest).toBe(cluster.cores[0]!.orderDigest);
    }
  }
  expect(of(cluster.effects[0]!, "evidence")).toEqual([]);
  for (const { order } of of(cluster.effects[0]!, "ordered")) {
    expect(order.accepted.length).toBeGreaterThanOrEqual(quorum(members));
  }
});

test("f silent members stop nobody, and their seats cost no grace at the next height", () => {
  const cluster = new Cluster(7, [2, 5]);
  for (let height = 1; height <= 3; height++) {
    cluster.give(0, { kind: "work", pending: true });
    cluster.run();
    expect(cluster.cores[0]!.ordered).toBe(height);
    expect(cluster.cores[0]!.final).toBe(height);
  }
  const graces = of(cluster.effects[0]!, "set-timer").filter(({ timer }) => timer.kind === "zeros");
  expect(graces.map(({ timer }) => timer.height)).toEqual([1]);
});

test("f+1 silent members stop the chain without a wrong step", () => {
  const cluster = new Cluster(4, [0, 1]);
  cluster.give(2, { kind: "work", pending: true });
  cluster.run();
  expect(cluster.cores[2]!.ordered).toBe(0);
  expect(of(cluster.effects[2]!, "decide")).toEqual([]);
});

test("replaying the inputs gives the same effects", () => {
  const cluster = new Cluster(4);
  for (let height = 1; height <= 3; height++) {
    cluster.give(1, { kind: "work", pending: true });
    cluster.run();
  }
  for (let seat = 0; seat < 4; seat++) {
    const core = new Consensus(baseOf(4, seat));
    const effects = [...core.start()];
    for (const input of cluster.logs[seat]!) effects.push(...core.step(input));
    expect(effects).toEqual(cluster.effects[seat]);
  }
});

test("an idle member proposes for its work, for a woken chain, for f+1 proposals and for the heartbeat only", () => {
  const idle = () => {
    const core = new Consensus(baseOf(4, 0));
    core.start();
    return core;
  };
  const builds = (core: Consensus, input: Input) => of(core.step(input), "build");
  const proposal = (seat: number, txCount: number): Input => ({
    kind: "proposal",
    proposal: proposalOf(1, seat, word(2), txCount),
  });
  expect(builds(idle(), { kind: "work", pending: true })).toEqual([
    { kind: "build", height: 1, anchor: word(2), empty: false },
  ]);
  expect(builds(idle(), proposal(1, 1))).toEqual([{ kind: "build", height: 1, anchor: word(2), empty: true }]);
  const two = idle();
  expect(builds(two, proposal(1, 0))).toEqual([]);
  expect(builds(two, proposal(2, 0))).toHaveLength(1);
  const beat = idle();
  expect(builds(beat, { kind: "timer", timer: { kind: "heartbeat", height: 2 } })).toEqual([]);
  expect(builds(beat, { kind: "timer", timer: { kind: "heartbeat", height: 1 } })).toHaveLength(1);
});

test("own proposals keep their distance and run at most two heights ahead", () => {
  const core = new Consensus(baseOf(4, 0));
  core.start();
  expect(of(core.step({ kind: "work", pending: true }), "build")).toHaveLength(1);
  const sent = core.step({ kind: "built", proposal: proposalOf(1, 0, word(2)) });
  expect(sent.map(({ kind }) => kind)).toEqual(["propose", "set-timer", "acknowledge"]);
  expect(of(core.step({ kind: "timer", timer: { kind: "spacing", height: 1 } }), "build")).toHaveLength(1);
  core.step({ kind: "built", proposal: proposalOf(2, 0, word(2)) });
  expect(core.step({ kind: "timer", timer: { kind: "spacing", height: 2 } })).toEqual([]);
  expect(core.undecided.map(({ header }) => header.height)).toEqual([1, 2]);
});

test("one acknowledgement for a slot, ever; a second digest is evidence, a repeat is nothing", () => {
  const core = new Consensus(baseOf(4, 0));
  core.start();
  const first = proposalOf(1, 2, word(2), 0, 1);
  const second = proposalOf(1, 2, word(2), 0, 2);
  expect(core.step({ kind: "proposal", proposal: first })).toEqual([{ kind: "acknowledge", proposal: first }]);
  expect(core.step({ kind: "proposal", proposal: first })).toEqual([]);
  const fault = { kind: "evidence", fault: "proposal", height: 1, from: 2 };
  expect(core.step({ kind: "proposal", proposal: second })).toEqual([fault]);
  expect(core.step({ kind: "proposal", proposal: proposalOf(1, 2, word(2), 0, 3) })).toEqual([]);
});

test("a proposal with a wrong anchor is not acknowledged; one ahead waits for its anchor", () => {
  const core = new Consensus(baseOf(4, 0));
  core.start();
  expect(core.step({ kind: "proposal", proposal: proposalOf(1, 2, word(9)) })).toEqual([]);
  const ahead = proposalOf(3, 2, word(7), 0);
  const wrong = proposalOf(3, 1, word(8), 0);
  expect(core.step({ kind: "proposal", proposal: ahead })).toEqual([]);
  expect(core.step({ kind: "proposal", proposal: wrong })).toEqual([]);
  expect(core.step({ kind: "proposal", proposal: proposalOf(4, 2, word(7)) })).toEqual([]);
  const order: Order = { height: 1, digest: word(7), previous: word(2), accepted: [] };
  const effects = core.step({ kind: "order", order });
  expect(of(effects, "acknowledge")).toEqual([{ kind: "acknowledge", proposal: ahead }]);
});

test("an order from ahead is jumped to, once, and old ones are nothing", () => {
  const core = new Consensus(baseOf(4, 0));
  core.start();
  const order: Order = { height: 9, digest: word(7), previous: word(6), accepted: [] };
  expect(of(core.step({ kind: "order", order }), "ordered")).toEqual([{ kind: "ordered", order, jumped: true }]);
  expect(core.step({ kind: "order", order })).toEqual([]);
  expect(core.step({ kind: "order", order: { ...order, height: 5 } })).toEqual([]);
  expect(core.step({ kind: "order", order: { ...order, height: 10 } })).toEqual([]);
  expect(core.ordered).toBe(9);
  expect(core.agreeing).toBe(false);
  core.step({ kind: "final", height: 7, hash: word(5) });
  expect(core.agreeing).toBe(true);
});

test("agreement waits for F two heights below the last order", () => {
  const core = new Consensus(baseOf(4, 0));
  core.start();
  const digests = [word(2), word(11), word(12), word(13)];
  for (let height = 1; height <= 3; height++) {
    expect(core.agreeing).toBe(true);
    core.step({
      kind: "order",
      order: { height, digest: digests[height]!, previous: digests[height - 1]!, accepted: [] },
    });
  }
  expect(core.agreeing).toBe(false);
  core.step({ kind: "final", height: 1, hash: word(5) });
  expect(core.agreeing).toBe(true);
});

test("FINAL: one hash a height, never without the order, and an alarm where the certificate differs", () => {
  const core = new Consensus(baseOf(4, 0));
  core.start();
  expect(core.step({ kind: "executed", height: 1, hash: word(5) })).toEqual([]);
  core.step({ kind: "order", order: { height: 1, digest: word(7), previous: word(2), accepted: [] } });
  expect(core.step({ kind: "executed", height: 1, hash: word(5) })).toEqual([
    { kind: "sign-final", height: 1, hash: word(5) },
  ]);
  expect(core.step({ kind: "executed", height: 1, hash: word(6) })).toEqual([]);
  expect(core.step({ kind: "final", height: 1, hash: word(6) })).toEqual([
    { kind: "diverged", height: 1, own: word(5), certified: word(6) },
  ]);
  core.step({ kind: "order", order: { height: 2, digest: word(8), previous: word(7), accepted: [] } });
  expect(core.step({ kind: "executed", height: 2, hash: word(5) })).toEqual([]);
  expect(core.ordered).toBe(2);
});

test("nothing at or above the border to the next epoch is proposed, agreed upon or taken", () => {
  const cluster = new Cluster(4);
  for (let seat = 0; seat < 4; seat++) cluster.give(seat, { kind: "border", first: 3 });
  for (let height = 1; height <= 4; height++) {
    cluster.give(height % 4, { kind: "work", pending: true });
    cluster.run();
  }
  for (const core of cluster.cores) {
    expect(core.ordered).toBe(2);
    expect(core.final).toBe(2);
    expect(core.agreeing).toBe(false);
    expect(core.wants({ kind: "order", height: 3 })).toBe(false);
    expect(core.wants({ kind: "vote", height: 3 })).toBe(false);
    expect(core.step({ kind: "proposal", proposal: proposalOf(3, 1, core.orderDigest) })).toEqual([]);
    const order: Order = { height: 3, digest: word(7), previous: core.orderDigest, accepted: [] };
    expect(core.step({ kind: "order", order })).toEqual([]);
    // S is one height, ever.
    core.step({ kind: "border", first: 9 });
    expect(core.wants({ kind: "order", height: 3 })).toBe(false);
  }
  const proposed = cluster.effects.flatMap((effects) => of(effects, "build"));
  expect(Math.max(...proposed.map(({ height }) => height))).toBe(2);
});

test("a border that becomes known drops what was begun above it, and the own proposal there", () => {
  const core = new Consensus(baseOf(4, 0));
  core.start();
  core.step({ kind: "work", pending: true });
  core.step({ kind: "built", proposal: proposalOf(1, 0, word(2)) });
  core.step({ kind: "timer", timer: { kind: "spacing", height: 1 } });
  core.step({ kind: "built", proposal: proposalOf(2, 0, word(2)) });
  core.step({ kind: "border", first: 2 });
  expect(core.undecided.map(({ header }) => header.height)).toEqual([1]);
  expect(core.proposal(2, 0)).toBeUndefined();
});
