import { benchJoin } from "@tributary/testkit/bench/join/bench-join";
import { expect, test } from "vitest";

test("an empty member joins under load in spite of a liar and of kill -9, and its votes count", async () => {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const figures = await benchJoin({ accounts: 50_000, blocks: 200, progress });
  progress(JSON.stringify(figures));
  expect(figures.wrong).toEqual([]);
  expect(figures.bucketsKept).toBeGreaterThan(0);
});
