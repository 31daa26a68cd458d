import { createAddress } from "@tributary/chain/transaction/recover";
import { expect, test } from "vitest";
import { Random } from "../../agreement/random.ts";
import { agree, countFor, Disagreement, metered } from "./compare-kernels.ts";
import { deployGenerated } from "./deploy-kernels.ts";
import { DEPLOYER, type Engine } from "./engine.ts";
import { libraryEngine } from "./library-engine.ts";
import { ownEngine } from "./own-engine.ts";

test("generated kernels do what the library does, and more of it with a higher count", async () => {
  const engines = [await ownEngine(), await libraryEngine()];
  const { meter, kernels } = await deployGenerated(engines, new Random(11));
  expect(kernels.map(({ name }) => name)).toEqual(["arithmetic", "keccak", "storage", "memory copy", "calls"]);
  for (const kernel of kernels) {
    const once = await agree(engines, meter, kernel, 1);
    const thrice = await agree(engines, meter, kernel, 3);
    expect(thrice).toBeGreaterThan(once);
  }
});

test("the same seed gives the same kernels, another one others", async () => {
  const outputs: string[] = [];
  for (const seed of [5, 5, 6]) {
    const engine = await ownEngine();
    const { meter, kernels } = await deployGenerated([engine], new Random(seed));
    const found = await Promise.all(kernels.map((kernel) => metered(engine, meter, kernel, 4)));
    outputs.push(found.map(({ output, gas }) => `${gas} ${Buffer.from(output).toString("hex")}`).join());
  }
  expect(outputs[1]).toBe(outputs[0]);
  expect(outputs[2]).not.toBe(outputs[0]);
});

test("an engine with another answer is told", async () => {
  const ours = await ownEngine();
  const { meter, kernels } = await deployGenerated([ours], new Random(3));
  const [kernel] = kernels;
  if (kernel === undefined) throw new Error("no kernel");
  const wrong = (at: number): Engine => ({
    ...ours,
    call: async (to, input) => {
      const { output, milliseconds } = await ours.call(to, input);
      output[at] = (output[at] ?? 0) ^ 1;
      return { output, milliseconds };
    },
  });
  // The last byte of the gas, of the success and of the answer.
  for (const at of [31, 63, 95]) await expect(agree([ours, wrong(at)], meter, kernel, 2)).rejects.toThrow(Disagreement);
});

test("a count comes near the gas that it is for", async () => {
  const ours = await ownEngine();
  const { meter, kernels } = await deployGenerated([ours], new Random(4));
  for (const kernel of kernels) {
    const { gas } = await metered(ours, meter, kernel, await countFor(ours, meter, kernel, 2_000_000));
    expect(Math.abs(gas - 2_000_000)).toBeLessThan(200_000);
  }
});

test("a contract lies where its creator and nonce say", async () => {
  const ours = await ownEngine();
  const { meter } = await deployGenerated([ours], new Random(1));
  expect(meter).toEqual(createAddress(DEPLOYER, 0n));
});
