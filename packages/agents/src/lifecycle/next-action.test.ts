import { describe, expect, test } from "vitest";
import type { Now } from "../agent.ts";
import { type Generation, noGenerations, reduceGenerations } from "../keygen/generation.ts";
import type { ChainEvent, MainchainEvent, RecoveryEvent, ResharingEvent, SelectionEvent } from "../mainchain/events.ts";
import type { NodeRecord } from "../mainchain/node-registry.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import { EpochKeys } from "../resharing/epoch-keys.ts";
import { type Handovers, noHandovers, type ReadyEpoch, reduceHandovers } from "../resharing/handover.ts";
import { type Chains, noChains, reduceChains, reduceSelection } from "./chain-record.ts";
import { type LifecycleState, reduceLifecycle } from "./lifecycle-state.ts";
import { nextLifecycleActions, renewalName, scheduleName, startName } from "./next-action.ts";

const hash = `0x${"ab".repeat(32)}` as const;
const owner = "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

function requested(chainId: bigint, nonce: bigint): ChainEvent {
  return {
    name: "ChainRequested",
    chainId,
    group: hash,
    nonce,
    timestamp: 100n,
    slots: 16,
    rent: 5n,
    creation: {
      name: "one",
      owner,
      size: 1,
      members: 4,
      months: 6,
      gasLimit: 30_000_000n,
      byteLimit: 1_000_000,
      allocation: [{ account: owner, balance: 7n }],
    },
  };
}

const running: ChainEvent = {
  name: "ChainRunning",
  chainId: 9n,
  era: 0,
  epoch: 0,
  groupKey: "0x01",
  keysHash: hash,
  start: 200n,
  end: 1_000n,
};
const selected: ChainEvent = { name: "ChainSelected", chainId: 9n, nodeIds: [1, 2, 3, 4] };

function chainsOf(...events: readonly (ChainEvent | SelectionEvent)[]): Chains {
  let chains = noChains;
  for (const event of events) {
    chains =
      event.name === "SelectionRequested" ||
      event.name === "SelectionRearmed" ||
      event.name === "CommitteeSelected" ||
      event.name === "CommitteeUnavailable" ||
      event.name === "SeatsSelected" ||
      event.name === "SeatsUnavailable"
        ? reduceSelection(chains, event)
        : reduceChains(chains, event, 10n);
  }
  return chains;
}

const generation: Generation = (() => {
  const state = reduceGenerations(
    noGenerations,
    {
      name: "KeyGenerationBegun",
      chainId: 9n,
      era: 0,
      epoch: 0,
      group: hash,
      nodeIds: [1, 2, 3, 4],
      acceptUntil: 1n,
    },
    1n,
  ).current.get(9n);
  if (state === undefined) throw new Error("no generation");
  return state;
})();

const nodes = new Map([1, 2, 3, 4, 5].map((id) => [id, { nodeId: id } as NodeRecord]));

function state(chains: Chains): LifecycleState {
  const generations = { current: new Map(), done: new Map([[9n, [generation]]]) };
  return { nodes, chains, generations, handovers: withHistory(readyEpoch(0, [1, 2, 3, 4])) };
}

/** Far away: nothing here ends by schedule. */
const due = new Map(
  [...[0, 1].map((epoch) => scheduleName({ chainId: 9n, era: 0, epoch })), renewalName({ chainId: 9n, era: 0 })].map(
    (name) => [name, 1_000_000n],
  ),
);

/** What a member of chain 9 was told where nothing but the first epoch is known. */
const runs = new Map([[9n, "0/0.0/"]]);

function readyEpoch(epoch: number, nodeIds: readonly number[]): ReadyEpoch {
  const keys = EpochKeys.generated({ era: 0, epoch }, [], nodeIds.length, hash);
  return { group: hash, era: 0, epoch, nodeIds, groupKey: hash, keysHash: hash, committee: hash, keys, block: 1n };
}

function withHistory(...history: readonly ReadyEpoch[]): Handovers {
  return { ...noHandovers, history: new Map([[9n, history]]) };
}

function at(timestamp: bigint, number = 20n): Now {
  return { head: { number, hash, timestamp }, clock: 0 };
}

test("genesis comes from the creation event alone", () => {
  expect(chainsOf(requested(9n, 1n)).records.get(9n)?.genesis).toEqual({
    chainId: 9n,
    name: "one",
    owner: owner.toLowerCase(),
    timestamp: 100,
    gasLimit: 30_000_000,
    byteLimit: 1_000_000,
    allocation: [{ address: owner.toLowerCase(), balance: 7n }],
  });
});

test("members start when the chain runs, others do not", () => {
  const now = state(chainsOf(requested(9n, 1n), selected, running));
  expect(nextLifecycleActions(now, 2, new Map(), at(300n), due)).toMatchObject([{ kind: "start", id: 2 }]);
  expect(nextLifecycleActions(now, 2, runs, at(300n), due)).toEqual([]);
  expect(nextLifecycleActions(now, 5, new Map(), at(300n), due)).toEqual([]);
});

test("nothing starts without the dealings that made the key", () => {
  const now = { ...state(chainsOf(requested(9n, 1n), selected, running)), generations: noGenerations };
  expect(nextLifecycleActions(now, 2, new Map(), at(300n), due)).toEqual([]);
});

test("a member stops when its chain ended, with the reason", () => {
  for (const [name, reason] of [
    ["ChainDeleted", "deleted"],
    ["ChainExpired", "expired"],
  ] as const) {
    const now = state(chainsOf(requested(9n, 1n), selected, running, { name, chainId: 9n }));
    expect(nextLifecycleActions(now, 2, runs, at(300n), due)).toEqual([{ kind: "stop", chainId: 9n, reason }]);
    expect(nextLifecycleActions(now, 2, new Map(), at(300n), due)).toEqual([]);
  }
});

test("a running member whose chain is not in the fold is left alone", () => {
  expect(nextLifecycleActions(state(noChains), 2, runs, at(300n), due)).toEqual([]);
});

test("only the oldest request is selected, by the nodes in turn, from its seed block on", () => {
  const request = (chainId: bigint, seedBlock: bigint): SelectionEvent => ({
    name: "SelectionRequested",
    chainId,
    seedBlock,
  });
  const chains = chainsOf(requested(9n, 1n), request(9n, 20n), requested(8n, 2n), request(8n, 21n));
  const who = (block: bigint): readonly number[] =>
    [1, 2, 3, 4, 5].filter((id) => nextLifecycleActions(state(chains), id, new Map(), at(300n, block), due).length > 0);
  expect(who(19n)).toEqual([]);
  expect(who(20n)).toEqual([4]);
  expect(who(22n)).toEqual([4, 5]);
  expect(who(28n)).toEqual([1, 2, 3, 4, 5]);
  expect(nextLifecycleActions(state(chains), 4, new Map(), at(300n, 20n), due)).toEqual([
    { kind: "select", chainId: 9n, seedBlock: 20n },
  ]);
  const rearmed = reduceSelection(chains, { name: "SelectionRearmed", chainId: 9n, seedBlock: 90n });
  expect(nextLifecycleActions(state(rearmed), 4, new Map(), at(300n, 50n), due)).toEqual([]);
  const done = reduceSelection(chains, { name: "CommitteeSelected", chainId: 9n });
  expect(done.queue).toEqual([{ chainId: 8n, seedBlock: 21n }]);
  // A rotation's request leaves the line like a new chain's.
  for (const name of ["CommitteeUnavailable", "SeatsSelected", "SeatsUnavailable"] as const) {
    expect(reduceSelection(chains, { name, chainId: 9n }).queue).toEqual(done.queue);
  }
});

test("a chain expires after its end and the grace, and an extension moves both", () => {
  const events = [requested(9n, 1n), selected, running] as const;
  const grace: ChainEvent = { name: "ParametersChanged", parameters: { grace: 100 } };
  const members = runs;
  const actions = (chains: Chains, time: bigint): readonly string[] =>
    nextLifecycleActions(state(chains), 2, members, at(time), due).map(({ kind }) => kind);
  expect(actions(chainsOf(grace, ...events), 1_100n)).toEqual([]);
  expect(actions(chainsOf(grace, ...events), 1_101n)).toEqual(["expire"]);
  const extended = chainsOf(grace, ...events, { name: "ChainExtended", chainId: 9n, end: 5_000n });
  expect(actions(extended, 1_101n)).toEqual([]);
});

test("a selected chain whose key generation did not start is helped after a while", () => {
  const chains = chainsOf(requested(9n, 1n), selected);
  expect(nextLifecycleActions(state(chains), 4, new Map(), at(300n, 12n), due)).toEqual([]);
  expect(nextLifecycleActions(state(chains), 4, new Map(), at(300n, 13n), due)).toEqual([
    { kind: "start-keygen", chainId: 9n },
  ]);
});

test("a node that is to join starts, one that left stays until its slots are free, and what is new is told", () => {
  const base = state(chainsOf(requested(9n, 1n), selected, running));
  const kinds = (now: LifecycleState, id: number, told = runs): readonly string[] =>
    nextLifecycleActions(now, id, told, at(300n), due).map(({ kind }) => kind);
  const begun: ResharingEvent = {
    name: "ResharingBegun",
    chainId: 9n,
    era: 0,
    epoch: 1,
    group: hash,
    fromEpoch: 0,
    oldNodeIds: [1, 2, 3, 4],
    nodeIds: [5, 2, 3, 4],
    acceptUntil: 1n,
  };
  const resharing = { ...base, handovers: reduceHandovers(base.handovers, begun, 5n) };
  for (const id of [1, 2, 5]) expect(kinds(resharing, id)).toEqual(["start"]);
  expect(kinds(resharing, 2, new Map([[9n, "0/0.0/5,2,3,4"]]))).toEqual([]);
  const failed: ResharingEvent = { name: "ResharingFailed", chainId: 9n, era: 0, epoch: 1, culprits: [] };
  const over = { ...base, handovers: reduceHandovers(resharing.handovers, failed, 6n) };
  expect(kinds(over, 5)).toEqual(["stop"]);
  expect(kinds(over, 5, new Map())).toEqual([]);

  const handovers = withHistory(readyEpoch(0, [1, 2, 3, 4]), readyEpoch(1, [5, 2, 3, 4]));
  const done = { ...base, handovers };
  expect(kinds(done, 5)).toEqual(["start"]);
  expect(kinds(done, 1)).toEqual(["start", "release"]);
  const released = reduceHandovers(handovers, { name: "LeaversReleased", chainId: 9n, epoch: 1 }, 9n);
  expect(kinds({ ...base, handovers: released }, 1)).toEqual(["stop"]);
  expect(kinds({ ...base, handovers: released }, 1, new Map())).toEqual([]);
});

test("a node whose slots are free follows on, or starts again, while it owes something to a chain that it left", () => {
  const base = state(chainsOf(requested(9n, 1n), selected, running));
  const history = [readyEpoch(0, [1, 2, 3, 4]), readyEpoch(1, [5, 2, 3, 4]), readyEpoch(2, [5, 3, 4, 2])];
  const released = reduceHandovers(withHistory(...history), { name: "LeaversReleased", chainId: 9n, epoch: 2 }, 9n);
  const now = { ...base, handovers: released };
  const asked: string[] = [];
  const actions = (id: number, told: ReadonlyMap<bigint, string>, owes: boolean) =>
    nextLifecycleActions(now, id, told, at(300n), due, (chainId, { era, epoch }) => {
      asked.push(`${chainId}/${era}/${epoch}`);
      return owes;
    });
  const told = new Map([[9n, "0/0.0,0.1,0.2/"]]);
  expect(actions(1, new Map(), true)).toMatchObject([{ kind: "start", id: 1, history, joining: [] }]);
  expect(actions(1, told, true)).toEqual([]);
  expect(actions(1, told, false)).toEqual([{ kind: "stop", chainId: 9n, reason: "left" }]);
  expect(actions(1, new Map(), false)).toEqual([]);
  // By its last seat, however many epochs ago that was; and who never had one is not asked for.
  expect(new Set(asked)).toEqual(new Set(["9/0/0"]));
  asked.length = 0;
  expect(actions(6, new Map(), true)).toEqual([]);
  expect(actions(6, told, true)).toEqual([{ kind: "stop", chainId: 9n, reason: "deleted" }]);
  expect(actions(2, told, true).filter(({ kind }) => kind === "stop")).toEqual([]);
  expect(asked).toEqual([]);
});

test("an epoch that has lasted its period is ended by its members, one after the other", () => {
  const now = state(chainsOf(requested(9n, 1n), selected, running));
  const actions = (id: number, time: bigint, ends: ReadonlyMap<string, bigint>) =>
    nextLifecycleActions(now, id, runs, at(time), new Map([...ends, [renewalName({ chainId: 9n, era: 0 }), 9_000n]]));
  const epoch = { chainId: 9n, era: 0, epoch: 0 };
  expect(actions(2, 300n, new Map())).toEqual([{ kind: "schedule", ...epoch }]);
  const ends = new Map([[scheduleName(epoch), 400n]]);
  expect(actions(1, 399n, ends)).toEqual([]);
  expect(actions(1, 400n, ends)).toEqual([{ kind: "schedule", ...epoch, due: 400n }]);
  expect(actions(2, 400n, ends)).toEqual([]);
  expect(actions(2, 401n, ends)).toEqual([{ kind: "schedule", ...epoch, due: 400n }]);
  expect(nextLifecycleActions(now, 5, new Map(), at(999n), ends)).toEqual([]);
  // Whoever wants to leave goes first.
  const nodes = new Map(now.nodes).set(3, { ...now.nodes.get(3)!, exiting: true });
  expect(nextLifecycleActions({ ...now, nodes }, 3, runs, at(401n), ends)).toEqual([
    { kind: "replace", chainId: 9n, epoch: 0, leaving: [3] },
  ]);
});

const begun: RecoveryEvent = {
  name: "RecoveryOpened",
  chainId: 9n,
  openingId: hash,
  group: hash,
  era: 0,
  closesAt: 1n,
  nodeIds: [],
};
const ended = { finalHeight: 40n, finalDigest: hash, orderHeight: 42n, orderDigest: hash };

function kindsOf(of: LifecycleState, id: number, told: ReadonlyMap<bigint, string> = new Map()): readonly string[] {
  return nextLifecycleActions(of, id, told, at(300n, 100n), due).map(({ kind }) => kind);
}

function fact(event: MainchainEvent): MainchainFact<MainchainEvent> {
  return { block: 20n, blockHash: hash, transaction: hash, logIndex: 0, event };
}

test("committees stand still while a Recovery is under way", () => {
  const exiting = new Map(nodes).set(1, { nodeId: 1, exiting: true } as NodeRecord);
  const base = { ...state(chainsOf(requested(9n, 1n), selected, running)), nodes: exiting };
  expect(kindsOf(base, 1, runs)).toContain("replace");
  const frozen = reduceLifecycle(base, fact(begun));
  expect(kindsOf(frozen, 1, runs)).not.toContain("replace");
  const cancelled = reduceLifecycle(frozen, fact({ name: "RecoveryCancelled", chainId: 9n, openingId: hash }));
  expect(kindsOf(cancelled, 1, runs)).toContain("replace");
});

test("a new era follows the old one: its nodes join while the key is made, and its first epoch knows where it began", () => {
  const slot = { chainId: 9n, era: 1, epoch: 1 };
  const keygen: MainchainEvent = {
    name: "KeyGenerationBegun",
    ...slot,
    group: hash,
    nodeIds: [5, 2, 3, 4],
    acceptUntil: 1n,
  };
  let folded = reduceLifecycle(state(chainsOf(requested(9n, 1n), selected, running)), fact(begun));
  folded = reduceLifecycle(folded, fact(keygen));
  for (const id of [1, 2, 5]) expect(kindsOf(folded, id)).toEqual(["start"]);
  const generated = { groupKey: hash, keysHash: hash, committee: hash, qualified: 0n, signers: 0n };
  folded = reduceLifecycle(folded, fact({ name: "KeyGenerated", ...slot, ...generated }));
  folded = reduceLifecycle(
    folded,
    fact({ name: "EraRecovered", ...slot, group: hash, groupKey: hash, keysHash: hash, beginning: ended }),
  );
  const [start] = nextLifecycleActions(folded, 5, new Map(), at(300n), due);
  if (start?.kind !== "start") throw new Error("the new member does not start");
  expect(start.history.map(({ era, epoch }) => [era, epoch])).toEqual([
    [0, 0],
    [1, 1],
  ]);
  expect(start.generations.map(({ era }) => era)).toEqual([0, 1]);
  const beginning = { finalHeight: 40, finalHash: hash, orderHeight: 42, order: hash };
  expect(start.history[1]?.beginning).toEqual(beginning);
  expect(start.chain).toMatchObject({ era: 1, epoch: 1, recovering: false });
});

describe("eras by schedule", () => {
  const first = state(chainsOf(requested(9n, 1n), selected, running));
  const slot = { chainId: 9n, era: 1, epoch: 1 };
  const nodeIds = [1, 2, 3, 4];
  const keygen: MainchainEvent = { name: "KeyGenerationBegun", ...slot, group: hash, nodeIds, acceptUntil: 1n };
  const key = { groupKey: hash, keysHash: hash, committee: hash, qualified: 0n, signers: 0n } as const;
  const fold = (...events: readonly MainchainEvent[]): LifecycleState =>
    events.reduce((before, event) => reduceLifecycle(before, fact(event)), first);
  const generating = [{ name: "RenewalBegun", ...slot, nodeIds }, keygen] as const;
  const renewed = [
    ...generating,
    { name: "KeyGenerated", ...slot, ...key },
    { name: "EraRenewed", ...slot, group: hash, groupKey: hash, keysHash: hash },
  ] as const;
  const shown = { name: "EraBegun", chainId: 9n, group: hash, era: 1, firstHeight: 54n } as const;

  test("a key that has served its period is renewed by its members, one after the other", () => {
    const { chainId } = slot;
    const epochs = scheduleName({ chainId, era: 0, epoch: 0 });
    const actions = (id: number, time: bigint, ends: ReadonlyMap<string, bigint>) =>
      nextLifecycleActions(first, id, runs, at(time), new Map([...ends, [epochs, 9_000n]]));
    expect(actions(2, 300n, new Map())).toEqual([{ kind: "renew", chainId, era: 0 }]);
    const ends = new Map([[renewalName({ chainId, era: 0 }), 400n]]);
    expect(actions(1, 399n, ends)).toEqual([]);
    expect(actions(1, 400n, ends)).toEqual([{ kind: "renew", chainId, era: 0, due: 400n }]);
    expect(actions(2, 400n, ends)).toEqual([]);
    expect(actions(2, 401n, ends)).toEqual([{ kind: "renew", chainId, era: 0, due: 400n }]);
    expect(nextLifecycleActions(first, 5, new Map(), at(900n), ends)).toEqual([]);
    const exiting = new Map(nodes).set(1, { nodeId: 1, exiting: true } as NodeRecord);
    const leaving = { ...first, nodes: exiting };
    expect(nextLifecycleActions(leaving, 2, runs, at(500n, 0n), new Map([...ends, [epochs, 9_000n]]))).toEqual([]);
  });

  test("no rotation, and no second renewal, until it is shown where the era begins", () => {
    const ends = new Map([
      [scheduleName({ chainId: 9n, era: 0, epoch: 0 }), 0n],
      [scheduleName(slot), 0n],
      [renewalName({ chainId: 9n, era: 0 }), 0n],
      [renewalName({ chainId: 9n, era: 1 }), 0n],
    ]);
    const kinds = (of: LifecycleState, id: number, block = 100n): readonly string[] =>
      nextLifecycleActions(of, id, new Map(), at(900n, block), ends).map(({ kind }) => kind);
    expect(kinds(fold(...generating), 1)).toEqual(["start"]);
    // Members take turns by seat.
    expect([1, 2, 3, 4].map((id) => kinds(fold(...renewed), id, 23n).includes("show"))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(kinds(fold(...renewed), 4)).toEqual(["start", "show"]);
    expect(kinds(fold(...renewed, shown), 1)).toEqual(["start", "schedule", "renew"]);
    const failed = { name: "RenewalFailed", ...slot, culprits: [] } as const;
    const given = { name: "KeyGenerationFailed", ...slot, culprits: [] } as const;
    expect(kinds(fold(...generating, given, failed), 1)).toEqual(["start", "schedule", "renew"]);
  });

  test("members are told of the new key at once, and of its first height when it is shown", () => {
    const start = (of: LifecycleState) => {
      const [found] = nextLifecycleActions(of, 3, new Map(), at(300n, 0n), due);
      if (found?.kind !== "start") throw new Error("the member does not start");
      return found;
    };
    const [before, after] = [start(fold(...renewed)), start(fold(...renewed, shown))];
    expect(before.history.map(({ era, first: height }) => [era, height])).toEqual([
      [0, undefined],
      [1, undefined],
    ]);
    expect(after.history[1]?.first).toBe(54);
    expect(after.history[1]?.beginning).toBeUndefined();
    expect(before.chain).toMatchObject({ era: 1, epoch: 1, renewing: true });
    expect(after.chain.renewing).toBe(false);
    expect(startName(before)).not.toBe(startName(after));
  });
});
