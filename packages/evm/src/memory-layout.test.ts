import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { frameOffsets, layout, offsets } from "./memory-layout.ts";

/** Constants of an assembly file: numbers, or a constant before plus a number. */
function constants(name: string): Map<string, number> {
  const text = readFileSync(new URL(`../assembly/${name}.ts`, import.meta.url), "utf8");
  const found = new Map<string, number>();
  for (const [, key = "", base, sum] of text.matchAll(/const (\w+): usize = (\w+)(?: \+ (\d+))?;/g)) {
    found.set(key, (found.get(base ?? "") ?? Number(base)) + Number(sum ?? 0));
  }
  return found;
}

it("has the addresses of the assembly", () => {
  const assembly = constants("layout");
  for (const [name, at] of Object.entries(layout)) expect([name, assembly.get(name)]).toEqual([name, at]);
});

it("has the offsets of the assembly's records", () => {
  const assembly = constants("journal");
  for (const [name, at] of Object.entries(offsets)) expect([name, assembly.get(name)]).toEqual([name, at]);
});

it("has the offsets of the assembly's frames", () => {
  const assembly = constants("interpreter");
  for (const [name, at] of Object.entries(frameOffsets)) expect([name, assembly.get(name)]).toEqual([name, at]);
});
