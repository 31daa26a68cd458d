import { EVIDENCE_KINDS, type EvidenceKind } from "@tributary/protocol/evidence/evidence";
import { MESSAGE_KINDS } from "@tributary/protocol/wire/index";
import { describe, expect, test } from "vitest";
import { Abuse } from "./abuse.ts";
import { runMutant } from "./mutant-runs.ts";
import { MUTANTS } from "./mutants.ts";
import { NetworkSimulation, simulateNetwork } from "./simulation.ts";

function failureOf(members: number, seed: number, heights: number, calm = false): string | undefined {
  return simulateNetwork({ members, heights, seed, calm }).failure;
}

describe("whole members", () => {
  test("a member alone makes its chain final", () => {
    for (let seed = 1; seed <= 5; seed++) expect(failureOf(1, seed, 5)).toBeUndefined();
  });

  test("a quiet network of honest members agrees", () => {
    for (const members of [2, 4, 7]) expect(failureOf(members, 1, 5, true)).toBeUndefined();
  });

  // Each run checks by itself that the evidence which honest members keep convicts faulty members and nobody else.
  test("f faulty members, resets and crashes break nothing; every kind of offence is proven", () => {
    const abuse = new Abuse();
    const proven = new Set<EvidenceKind>();
    // Few runs come to a CONF at all; the last seed's do.
    for (const seed of [...Array.from({ length: 24 }, (_, index) => index + 1), 43]) {
      const report = simulateNetwork({ members: 4, heights: 5, seed });
      expect(report.failure, `seed ${seed}`).toBeUndefined();
      abuse.merge(report.abuse);
      for (const kind of report.proven.keys()) proven.add(kind);
    }
    for (let seed = 1; seed <= 3; seed++) expect(failureOf(7, seed, 4), `seed ${seed}`).toBeUndefined();
    for (const kind of MESSAGE_KINDS) {
      expect(abuse.count(kind, "forged"), kind).toBeGreaterThan(0);
      expect(abuse.count(kind, "equivocated"), kind).toBeGreaterThan(0);
    }
    expect([...proven].sort()).toEqual([...EVIDENCE_KINDS].sort());
  });

  test("the same seed gives the same run", () => {
    const once = simulateNetwork({ members: 4, heights: 4, seed: 77 });
    const again = simulateNetwork({ members: 4, heights: 4, seed: 77 });
    expect(again.steps).toBe(once.steps);
    expect(again.messages).toBe(once.messages);
  });
});

describe("a quorum lost and found", () => {
  test("pauses, says so, still takes transactions, and resumes with each executed once", () => {
    const world = new NetworkSimulation({ members: 4, heights: 1, seed: 5, calm: true });
    const members = world.start();
    const [first, second, third, fourth] = members;
    world.submit(first!, 1, 0);
    world.advance(3_000);
    expect(members.map((member) => member.status()?.status)).toEqual(["running", "running", "running", "running"]);
    expect(world.outstanding).toBe(0);
    third!.crash();
    world.submit(second!, 1, 1);
    world.advance(3_000);
    expect(world.outstanding).toBe(0);
    expect(first!.status()).toMatchObject({ status: "running", membersUp: 3, quorum: 3 });
    fourth!.crash();
    const paused = first!.committed;
    expect(first!.status()).toMatchObject({ status: "paused", membersUp: 2 });
    world.submit(first!, 2, 0);
    world.submit(second!, 3, 0);
    world.advance(30_000);
    expect(world.outstanding).toBe(2);
    expect(first!.committed).toBeLessThanOrEqual(paused + 1);
    third!.start();
    fourth!.start();
    world.advance(10_000);
    expect(world.outstanding).toBe(0);
    world.advance(3_000);
    expect(members.map((member) => member.status()?.status)).toEqual(["running", "running", "running", "running"]);
    for (const member of members) member.crash();
    for (const member of members) member.start();
    world.submit(first!, 2, 1);
    world.advance(10_000);
    expect(world.outstanding).toBe(0);
  });

  test("a member that was away for long catches up by ranges and signs again", () => {
    const world = new NetworkSimulation({ members: 4, heights: 1, seed: 6, calm: true });
    const [first, , , fourth] = world.start();
    world.advance(500);
    fourth!.crash();
    for (let nonce = 0; nonce < 60; nonce++) {
      world.submit(first!, 1, nonce);
      world.advance(400);
    }
    const height = first!.committed;
    expect(height).toBeGreaterThan(40);
    fourth!.start();
    world.advance(5_000);
    expect(fourth!.committed).toBeGreaterThanOrEqual(height);
    expect(fourth!.status()).toMatchObject({ status: "running" });
  });
});

test("logs that lost their end go on from what the stores hold", () => {
  const world = new NetworkSimulation({ members: 4, heights: 1, seed: 8, calm: true });
  const members = world.start();
  for (let nonce = 0; nonce < 8; nonce++) {
    world.submit(members[0]!, 1, nonce);
    world.advance(1_000);
  }
  expect(world.outstanding).toBe(0);
  const height = members[0]!.committed;
  expect(height).toBeGreaterThan(4);
  for (const member of members) {
    member.crash();
    member.truncateLog();
  }
  for (const member of members) member.start();
  world.submit(members[0]!, 1, 8);
  world.advance(10_000);
  expect(world.outstanding).toBe(0);
  expect(members.every((member) => member.committed > height)).toBe(true);
});

describe("a member that lost its record of what it said", () => {
  test("is silent until others prove where they are, never contradicts itself, and takes part again", () => {
    let forgets = 0;
    let remembers = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const report = simulateNetwork({ members: 4, heights: 5, seed, amnesia: true });
      expect(report.failure, `seed ${seed}`).toBeUndefined();
      forgets += report.forgets;
      remembers += report.remembers;
    }
    expect(forgets).toBeGreaterThan(6);
    // A run may end while the member is still silent.
    expect(remembers).toBeGreaterThan(6);
  });

  test("counts again where the quorum needs it", () => {
    const world = new NetworkSimulation({ members: 4, heights: 1, seed: 9, calm: true });
    const [first, second, , fourth] = world.start();
    world.submit(first!, 1, 0);
    world.advance(3_000);
    fourth!.crash();
    fourth!.loseMemory(true);
    second!.crash();
    fourth!.start();
    world.submit(first!, 1, 1);
    world.advance(20_000);
    // Two of three others can not say how far it was: it waits, and two alone make no block.
    expect(world.outstanding).toBe(1);
    expect(fourth!.status()?.status).toBe("syncing");
    second!.start();
    world.advance(30_000);
    expect(world.outstanding).toBe(0);
    expect(fourth!.status()?.status).toBe("running");
    second!.crash();
    world.submit(first!, 1, 2);
    world.advance(5_000);
    expect(world.outstanding).toBe(0);
  });
});

test("clocks that jump an hour ahead and back hold nothing up", () => {
  const HOUR = 3_600_000;
  const world = new NetworkSimulation({ members: 4, heights: 1, seed: 9, calm: true });
  const members = world.start();
  for (const [nonce, jump] of [0, HOUR, -HOUR, -HOUR, HOUR].entries()) {
    for (const member of members) member.moveClock(jump);
    // From each in turn, so that transactions are forwarded and asked for while the hour is another one.
    world.submit(members[nonce % 4]!, 1, nonce);
    world.advance(3_000);
    expect(world.outstanding, `after a jump of ${jump} ms`).toBe(0);
  }
  const [first, , , fourth] = members;
  fourth!.crash();
  for (let nonce = 5; nonce < 25; nonce++) {
    world.submit(first!, 1, nonce);
    world.advance(400);
  }
  fourth!.start();
  fourth!.moveClock(HOUR);
  world.advance(300);
  fourth!.moveClock(-HOUR);
  world.advance(5_000);
  expect(fourth!.committed).toBeGreaterThanOrEqual(first!.committed);
});

describe("the simulator notices", () => {
  const fast = ["second proposal", "send before flush", "unchecked F", "header without state root"];
  for (const name of fast) {
    test(name, async () => {
      const mutant = MUTANTS.find((candidate) => candidate.name === name);
      if (mutant === undefined) throw new Error(`no such mutant: ${name}`);
      const { killed, why } = await runMutant(mutant, 20);
      expect(killed, why).toBe(true);
    });
  }
});
