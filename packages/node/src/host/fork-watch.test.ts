import type { ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import { expect, test } from "vitest";
import { ForkWatch } from "./fork-watch.ts";

const START = 1_000_000_000;

function watch(entries: readonly ScheduledFork[], newest: number) {
  const state = { now: START, present: 1, lines: [] as string[] };
  const log = (level: string) => (line: { rules: number; seconds: number }, text: string) =>
    state.lines.push(`${level} ${line.rules} ${line.seconds} ${text.split(":")[0]}`);
  const watch = new ForkWatch({
    schedule: () => ({ entries, through: 1 }),
    present: () => state.present,
    knows: (rules) => rules <= newest,
    now: () => state.now,
    logger: { warn: log("warn"), error: log("error") } as never,
  });
  return { state, watch };
}

const entry = (rules: number, seconds: number, cancelled?: number): ScheduledFork => ({
  ...{ rules, time: START / 1000 + seconds, block: 1, cancelled },
});

test("the next change is the first standing one ahead, known or not", () => {
  const { watch: w, state } = watch([entry(2, 10, 5), entry(2, 20), entry(3, 30)], 2);
  expect(w.next).toEqual({ rules: 2, time: START / 1000 + 20, known: true });
  expect(w.unknown).toEqual({ rules: 3, time: START / 1000 + 30, known: false });
  state.present = 2;
  expect(w.next).toEqual({ rules: 3, time: START / 1000 + 30, known: false });
  state.present = 3;
  expect([w.next, w.unknown]).toEqual([undefined, undefined]);
});

test("rules that are lacking are warned of every ten minutes, every minute in the last hour, and as an error at last", () => {
  const { watch: w, state } = watch([entry(2, 7_200)], 1);
  const looks = (seconds: number): number => {
    state.lines.length = 0;
    for (let second = 0; second < seconds; second += 10) {
      w.look();
      state.now += 10_000;
    }
    return state.lines.length;
  };
  expect(looks(3_000)).toBe(5);
  expect(state.lines[0]).toBe("warn 2 7200 the chain changes to rules that this version does not know");
  looks(600);
  expect(looks(3_590)).toBe(60);
  expect(looks(120)).toBe(2);
  expect(state.lines.at(-1)).toMatch(/^error 2 -\d+ the chain goes by rules that this version does not know$/);
});

test("nothing is said where everything ahead is known", () => {
  const { watch: w, state } = watch([entry(2, 60)], 2);
  w.look();
  expect(state.lines).toEqual([]);
});
