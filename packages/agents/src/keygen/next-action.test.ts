import { expect, test } from "vitest";
import type { Now } from "../agent.ts";
import type { KeyGenerationEvent } from "../mainchain/events.ts";
import { encryptionKeys, type Generation, type Generations, noGenerations, reduceGenerations } from "./generation.ts";
import { generationKey, type KeygenProgress, keygenActionKey, nextKeygenActions } from "./next-action.ts";

const slot = { chainId: 9n, era: 0, epoch: 0 } as const;
const group = `0x${"aa".repeat(32)}` as const;
const begun: KeyGenerationEvent = {
  name: "KeyGenerationBegun",
  ...slot,
  group,
  nodeIds: [3, 5, 6, 8],
  acceptUntil: 1_000n,
};

function fold(events: readonly KeyGenerationEvent[], start: Generations = noGenerations): Generation {
  let state = start;
  events.forEach((event, i) => {
    state = reduceGenerations(state, event, BigInt(10 + i));
  });
  const generation = state.current.get(9n);
  if (generation === undefined) throw new Error("no generation");
  return generation;
}

function accepted(seat: number): KeyGenerationEvent {
  return { name: "SeatAccepted", ...slot, seat, key: `0x0${seat + 1}` };
}

function dealt(seat: number): KeyGenerationEvent {
  return { name: "Dealt", ...slot, seat, dealing: `0xd${seat}` };
}

const seats = [0, 1, 2, 3];
const opened: KeyGenerationEvent = { name: "DealingOpened", ...slot, accepted: 0b1111n, until: 2_000n };
const closed: KeyGenerationEvent = { name: "DealingClosed", ...slot, dealers: 0b1111n, complaintsUntil: 3_000n };
const atComplaints = [begun, ...seats.map(accepted), opened, ...seats.map(dealt), closed];

function at(timestamp: bigint, number = 30n): Now {
  return { head: { number, hash: `0x${"00".repeat(32)}`, timestamp }, clock: 0 };
}

const nothing: KeygenProgress = { judged: new Map(), signed: new Map(), behind: false };

function progress(generation: Generation, judged: bigint, signed?: bigint): KeygenProgress {
  const key = generationKey(generation);
  return {
    judged: new Map([[key, judged]]),
    signed: signed === undefined ? new Map() : new Map([[key, signed]]),
    behind: false,
  };
}

function kinds(generation: Generation, seat: number, known: KeygenProgress, now: Now): readonly string[] {
  return nextKeygenActions(generation, seat, new Map(), known, now).map(({ kind }) => kind);
}

test("a seat is accepted once", () => {
  expect(kinds(fold([begun]), 1, nothing, at(500n))).toEqual(["accept"]);
  expect(kinds(fold([begun, accepted(1)]), 1, nothing, at(500n))).toEqual([]);
});

test("a window that has passed is ended by the seats in turn", () => {
  const generation = fold([begun, accepted(0), accepted(1)]);
  expect(kinds(generation, 0, nothing, at(1_001n, 10n))).toEqual(["advance"]);
  expect(kinds(generation, 1, nothing, at(1_001n, 10n))).toEqual([]);
  expect(kinds(generation, 1, nothing, at(1_001n, 14n))).toEqual(["advance"]);
  expect(kinds(generation, 0, nothing, at(1_000n))).toEqual([]);
});

test("only accepted seats deal, also after the window", () => {
  const events = [begun, accepted(0), accepted(1), accepted(2), { ...opened, accepted: 0b0111n }];
  const generation = fold(events);
  expect(kinds(generation, 2, nothing, at(1_500n))).toEqual(["deal"]);
  expect(kinds(generation, 2, nothing, at(2_001n))).toEqual(["deal", "advance"]);
  expect(kinds(generation, 3, nothing, at(1_500n))).toEqual([]);
  expect(kinds(fold([...events, dealt(2)]), 2, nothing, at(1_500n))).toEqual([]);
});

test("a seat that did not accept has no encryption key", () => {
  const generation = fold([begun, accepted(0), accepted(2), accepted(3), { ...opened, accepted: 0b1101n }]);
  expect(encryptionKeys(generation).map((key) => key.length)).toEqual([1, 0, 1, 1]);
});

test("judge, then sign, then the seats in turn submit", () => {
  const generation = fold(atComplaints);
  expect(kinds(generation, 0, nothing, at(2_500n))).toEqual(["judge"]);
  expect(kinds(generation, 0, progress(generation, 0b0111n), at(2_500n))).toEqual(["judge"]);
  expect(kinds(generation, 0, progress(generation, 0b1111n), at(2_500n))).toEqual(["sign"]);
  const signed = progress(generation, 0b1111n, 0b1111n);
  expect(kinds(generation, 0, signed, at(2_500n, generation.since))).toEqual(["submit"]);
  expect(kinds(generation, 3, signed, at(2_500n, generation.since))).toEqual([]);
  expect(kinds(generation, 3, signed, at(2_500n, generation.since + 12n))).toEqual(["submit"]);
});

test("an unanimous READY needs everybody, a late one the quorum", () => {
  const generation = fold(atComplaints);
  const signed = progress(generation, 0b1111n, 0b1111n);
  const needed = (now: Now): number | undefined =>
    nextKeygenActions(generation, 0, new Map(), signed, now).flatMap((action) =>
      action.kind === "submit" ? [action.needed] : [],
    )[0];
  expect(needed(at(2_500n))).toBe(4);
  expect(needed(at(3_001n))).toBe(3);
});

test("with a dealer missing nobody signs before the complaints' window ends", () => {
  const missing = fold([
    begun,
    ...seats.map(accepted),
    opened,
    dealt(0),
    dealt(1),
    dealt(2),
    { ...closed, dealers: 0b0111n },
  ]);
  const judged = progress(missing, 0b0111n);
  expect(kinds(missing, 0, judged, at(2_500n))).toEqual([]);
  expect(kinds(missing, 0, judged, at(3_001n))).toEqual(["sign"]);
});

test("READY of a later era waits for the chain's state", () => {
  const generation = fold(atComplaints);
  const behind = { ...progress(generation, 0b1111n), behind: true };
  expect(kinds(generation, 0, behind, at(2_500n))).toEqual([]);
  expect(kinds(generation, 0, { ...behind, judged: new Map() }, at(2_500n))).toEqual(["judge"]);
});

test("a conviction changes what is signed", () => {
  const convicted = fold([...atComplaints, { name: "DealerConvicted", ...slot, seat: 2, nodeId: 6, fault: 2 }]);
  const old = progress(convicted, 0b1011n, 0b1111n);
  expect(kinds(convicted, 0, old, at(2_500n))).toEqual([]);
  const [action] = nextKeygenActions(convicted, 0, new Map(), old, at(3_001n));
  expect(action).toMatchObject({ kind: "sign", qualified: 0b1011n });
});

test("with too few dealers left the window's end reopens dealing", () => {
  const convictions = [1, 2].map(
    (seat): KeyGenerationEvent => ({ name: "DealerConvicted", ...slot, seat, nodeId: seat, fault: 2 }),
  );
  const generation = fold([...atComplaints, ...convictions]);
  expect(kinds(generation, 0, progress(generation, 0b1001n), at(2_500n))).toEqual([]);
  expect(kinds(generation, 0, progress(generation, 0b1001n), at(3_001n))).toEqual(["advance"]);
});

test("events of another epoch do not touch the running generation", () => {
  const generation = fold([begun, { ...accepted(1), epoch: 1 } as KeyGenerationEvent]);
  expect(generation.keys.size).toBe(0);
});

test("a new generation of the chain replaces the failed one and keeps the last good key", () => {
  const generated: KeyGenerationEvent = {
    name: "KeyGenerated",
    ...slot,
    groupKey: "0x01",
    keysHash: group,
    committee: group,
    qualified: 0b1111n,
    signers: 0b1111n,
  };
  let state = noGenerations;
  for (const event of [...atComplaints, generated, { ...begun, epoch: 1 }]) {
    state = reduceGenerations(state, event, 1n);
  }
  expect(state.current.get(9n)).toMatchObject({ epoch: 1, phase: "accepting" });
  expect(state.done.get(9n)?.at(-1)).toMatchObject({ epoch: 0, phase: "done" });
  expect(state.done.get(9n)?.at(-1)?.dealings.size).toBe(4);
});

test("actions over different sets have different names", () => {
  const generation = fold(atComplaints);
  const name = (qualified: bigint): string => keygenActionKey({ kind: "sign", generation, seat: 0, qualified });
  expect(name(0b1111n)).not.toBe(name(0b0111n));
});
