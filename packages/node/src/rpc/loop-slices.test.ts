import { expect, test } from "vitest";
import { LoopSlices, type SliceLine } from "./loop-slices.ts";

/** Slices on a clock and an event loop of the test's own. */
function loop() {
  let now = 0;
  const later: (() => void)[] = [];
  const slices = new LoopSlices(
    () => now,
    (run) => later.push(run),
  );
  const turn = async (): Promise<void> => {
    for (const run of later.splice(0)) run();
    for (let i = 0; i < 50; i++) await undefined;
  };
  /** Work of one millisecond each; the names of what ran, and of what was turned away. */
  const ran: string[] = [];
  const work = async (line: SliceLine, name: string): Promise<void> => {
    const entered = line.enter();
    if (entered !== true && !(await entered)) {
      ran.push(`${name} away`);
      return;
    }
    now += 1;
    ran.push(name);
  };
  return { slices, turn, ran, work, wait: (ms: number) => (now += ms), waiting: () => later.length };
}

test("there is room for a slice, and what is left runs in the next ones in its order", async () => {
  const { slices, turn, ran, work, waiting } = loop();
  const line = slices.open();
  const names = Array.from({ length: 10 }, (_, index) => `${index}`);
  const all = names.map((name) => work(line, name));
  expect(ran).toEqual(names.slice(0, 4));
  await turn();
  expect(ran).toEqual(names.slice(0, 8));
  // Whoever comes meanwhile goes behind the others.
  const last = work(line, "last");
  await turn();
  expect(ran).toEqual([...names, "last"]);
  await Promise.all([...all, last]);
  expect(waiting()).toBe(0);
  await work(line, "again");
  expect(ran.at(-1)).toBe("again");
});

test("a flooded chain does not keep another one waiting", async () => {
  const { slices, turn, ran, work } = loop();
  const [flooded, other] = [slices.open(), slices.open()];
  for (let i = 0; i < 1_000; i++) void work(flooded, "flood");
  void work(other, "other");
  await turn();
  expect(ran.filter((name) => name === "other")).toHaveLength(1);
  expect(ran.length).toBeLessThan(10);
});

test("whoever has waited too long is turned away", async () => {
  const { slices, turn, ran, work, wait } = loop();
  const line = slices.open();
  for (let i = 0; i < 6; i++) void work(line, `${i}`);
  wait(2_001);
  void work(line, "new");
  await turn();
  expect(ran).toEqual(["0", "1", "2", "3", "4 away", "5 away", "new"]);
});
