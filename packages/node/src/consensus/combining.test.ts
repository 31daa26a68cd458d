import { expect, test } from "vitest";
import { type Combining, combineInTurn } from "./combining.ts";
import type { MemberConfig } from "./member-config.ts";
import { type DriverPorts, MemberContext } from "./member-context.ts";
import { ShareCollector } from "./share-collector.ts";

const MEMBERS = 7;
const QUORUM = 5;

/** What seat `seat` does with a quorum of shares of height 0, so far from each other member: when it combines, and whether it says so. */
function combining(seat: number, distance: (to: number) => number, down: readonly number[] = []) {
  const waits: number[] = [];
  const due: (() => void)[] = [];
  const ports = {
    mesh: { distance },
    clock: {
      after: (milliseconds: number, run: () => void) => {
        waits.push(milliseconds);
        due.push(run);
      },
    },
  };
  const config = { members: MEMBERS, seat } as unknown as MemberConfig;
  const context = new MemberContext(config, ports as unknown as DriverPorts);
  for (let other = 0; other < MEMBERS; other++) if (other !== seat && !down.includes(other)) context.up.add(other);
  let combined = 0;
  const verifier = { combine: () => combined++ };
  const collector = new ShareCollector(
    new Uint8Array(32),
    QUORUM,
    verifier as never,
    () => undefined,
    () => undefined,
  );
  const state: Combining = { collector, opening: false, says: true };
  for (let from = 0; from < QUORUM; from++) {
    collector.add(from, Uint8Array.of(1));
    combineInTurn(context, 0, state);
  }
  const later = (): number => {
    for (const run of due) run();
    return combined;
  };
  return { waits, now: combined, says: state.says, later };
}

test("on one site one member combines at once, the others after those before them, and all say it", () => {
  for (let seat = 0; seat < MEMBERS; seat++) {
    const { waits, now, says, later } = combining(seat, () => 1);
    expect([seat, now, waits, says]).toEqual([seat, seat === 0 ? 1 : 0, seat === 0 ? [] : [30 * seat], true]);
    expect(later()).toBe(1);
  }
});

test("members that are down are not waited for", () => {
  expect(combining(2, () => 1, [0, 1]).now).toBe(1);
  expect(combining(3, () => 1, [0, 1]).waits).toEqual([30]);
});

test("far from all others each combines at once, and so many say it that one of them is honest", () => {
  const seats = Array.from({ length: MEMBERS }, (_, seat) => combining(seat, () => 60));
  expect(seats.map(({ now }) => now)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(seats.map(({ says }) => says)).toEqual([true, true, true, false, false, false, false]);
});

test("only those that are near are waited for", () => {
  const { waits, now, says } = combining(5, (to) => (to === 3 ? 2 : 60));
  expect([now, waits, says]).toEqual([0, [30], false]);
});
