import { expect, test } from "vitest";
import { fromHex } from "../trace.fixture.ts";
import { revertReason } from "./revert-reason.ts";

const word = (n: number): string => n.toString(16).padStart(64, "0");
const errorOf = (...parts: string[]): string | undefined => revertReason(fromHex(`08c379a0${parts.join("")}`));

test("reads Error(string)", () => {
  const text = Buffer.from("zu wenig €").toString("hex");
  expect(errorOf(word(32), word(text.length / 2), text.padEnd(64, "0"))).toBe("zu wenig €");
  expect(errorOf(word(32), word(0))).toBe("");
});

test("reads Panic(uint256)", () => {
  expect(revertReason(fromHex(`4e487b71${word(0x12)}`))).toBe("division or modulo by zero");
  expect(revertReason(fromHex(`4e487b71${word(0x99)}`))).toBe("unknown panic code: 0x99");
});

test("says nothing of what is neither, or broken", () => {
  expect(revertReason(fromHex("08c379a0"))).toBeUndefined();
  expect(revertReason(fromHex("4e487b71"))).toBeUndefined();
  expect(revertReason(fromHex("aabbccdd"))).toBeUndefined();
  expect(revertReason(new Uint8Array(0))).toBeUndefined();
  expect(errorOf(word(32), word(33), word(0))).toBeUndefined();
  expect(errorOf("f".repeat(64), word(1), word(0))).toBeUndefined();
  expect(errorOf(word(32), "f".repeat(64), word(0))).toBeUndefined();
});
