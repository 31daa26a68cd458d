import { authorityTrouble } from "@tributary/testkit/bench/authority/trouble";
import { expect, test } from "vitest";

test("a drained signer, a key used from outside, a chain that pauses for a minute, a price spike: each job once", async () => {
  const rows = await authorityTrouble({ pauseSeconds: 60, progress: (line) => process.stderr.write(`${line}\n`) });
  expect(rows).toHaveLength(4);
  for (const { trouble, jobs, once, lost, doubled } of rows) {
    expect([trouble, once, lost, doubled]).toEqual([trouble, jobs, 0, 0]);
  }
  const [drained, foreign] = rows;
  expect(drained?.alerts).toMatchObject({ "signer-dry": expect.any(Number), "signer-funded": expect.any(Number) });
  expect(foreign?.alerts).toMatchObject({ "foreign-transaction": expect.any(Number) });
});
