import { expect, test } from "vitest";
import { generateAbis, staleAbis } from "../../tools/generate-abis.ts";

test("the committed ABIs are what the sources give", async () => {
  const files = await generateAbis();
  expect(files.size).toBe(20);
  expect(staleAbis(files)).toEqual([]);
  const [first] = files.keys();
  expect(staleAbis(new Map(files).set(first ?? "", "changed"))).toEqual([first]);
}, 180_000);
