import { describe, expect, test } from "vitest";
import { data, parseAddress, parseData, parseHash, parseIndex, parseQuantity, parseSlot, quantity } from "./hex.ts";

describe("writing", () => {
  test("quantities have no leading zeros", () => {
    expect([0, 1, 1024, 2n ** 256n - 1n].map(quantity)).toEqual(["0x0", "0x1", "0x400", `0x${"f".repeat(64)}`]);
  });

  test("data has two digits a byte and respects views", () => {
    expect(data(new Uint8Array(0))).toBe("0x");
    expect(data(new Uint8Array([0, 1, 255, 7]).subarray(1, 3))).toBe("0x01ff");
  });
});

describe("reading quantities", () => {
  test.each([
    ["0x0", 0n],
    ["0xA", 10n],
    [`0x${"f".repeat(64)}`, 2n ** 256n - 1n],
  ])("%s", (text, value) => {
    expect(parseQuantity(text)).toEqual({ value });
  });

  test.each([
    [5, "want a hex string, got number"],
    [null, "want a hex string, got null"],
    ["", "hex string without 0x prefix"],
    ["12", "hex string without 0x prefix"],
    ["0x", 'hex string "0x"'],
    ["0x01", "hex number with leading zero digits"],
    ["0xg", "invalid hex string"],
    [`0x1${"0".repeat(64)}`, "hex number > 256 bits"],
  ])("refuses %s", (text, reason) => {
    expect(parseQuantity(text)).toEqual({ reason });
  });

  test("indices are safe integers", () => {
    expect(parseIndex("0x1fffffffffffff")).toEqual({ value: Number.MAX_SAFE_INTEGER });
    expect(parseIndex("0x20000000000000")).toEqual({ reason: "hex number > 53 bits" });
    expect(parseIndex("0x10000000000000000")).toEqual({ reason: "hex number > 64 bits" });
  });
});

describe("reading data", () => {
  test("any length", () => {
    expect(parseData("0x")).toEqual({ value: new Uint8Array(0) });
    expect(parseData("0x00Ff")).toEqual({ value: new Uint8Array([0, 255]) });
  });

  test.each([
    ["0x0", "hex string of odd length"],
    ["00", "hex string without 0x prefix"],
    ["0x0g", "invalid hex string"],
    ["0xg00g", "invalid hex string"],
    [{}, "want a hex string, got object"],
    [[], "want a hex string, got array"],
  ])("refuses %s", (text, reason) => {
    expect(parseData(text)).toEqual({ reason });
  });

  test("addresses and hashes have their length", () => {
    expect(parseAddress(`0x${"11".repeat(20)}`)).toEqual({ value: new Uint8Array(20).fill(0x11) });
    expect(parseAddress("0x11")).toEqual({ reason: "hex string has length 2, want 40" });
    expect(parseHash(`0x${"22".repeat(33)}`)).toEqual({ reason: "hex string has length 66, want 64" });
  });

  test("storage slots come as quantities too", () => {
    const one = new Uint8Array(32);
    one[31] = 1;
    for (const text of ["0x1", "0x01", `0x${"0".repeat(63)}1`]) expect(parseSlot(text)).toEqual({ value: one });
    expect(parseSlot(`0x${"0".repeat(65)}`)).toHaveProperty("reason");
  });
});
