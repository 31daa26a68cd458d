import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CRASH_MUTANTS } from "../crash/mutants.ts";
import { MUTANTS } from "./mutants.ts";

const root = new URL("../../../../", import.meta.url);

test("every planted fault changes a text that stands in its file once", () => {
  const missing = [...MUTANTS, ...CRASH_MUTANTS].flatMap(({ name, patches }) =>
    patches
      .filter(({ file, find }) => readFileSync(fileURLToPath(new URL(file, root)), "utf8").split(find).length !== 2)
      .map(({ file }) => `${name}: ${file}`),
  );
  expect(missing).toEqual([]);
});
