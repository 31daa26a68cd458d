import { describe, expect, test } from "vitest";
import { Fees } from "./fees.ts";

const GWEI = 10n ** 9n;

describe("fees", () => {
  test("offers twice the base fee and the node's tip", () => {
    const fees = new Fees(undefined, undefined);
    fees.update(10n * GWEI, GWEI);
    expect(fees.price()).toEqual({ kind: "eip1559", maxFee: 21n * GWEI, tip: GWEI });
    // A look without a new suggestion keeps the old one.
    fees.update(5n * GWEI, undefined);
    expect(fees.price().maxFee).toBe(11n * GWEI);
  });

  test("offers nothing where gas is free, and the gas price where there is no base fee", () => {
    const fees = new Fees(undefined, undefined);
    fees.update(0n, 0n);
    expect(fees.price()).toEqual({ kind: "eip1559", maxFee: 0n, tip: 0n });
    fees.update(undefined, 3n);
    expect(fees.price()).toEqual({ kind: "legacy", maxFee: 3n, tip: 3n });
  });

  test("replaces with both fees a tenth higher at least, and with the price of the day", () => {
    const fees = new Fees(undefined, undefined);
    fees.update(GWEI, GWEI);
    const old = { maxFee: 10n * GWEI, tip: 2n * GWEI };
    const next = fees.replacing(old);
    expect(next !== undefined && next.maxFee * 10n >= old.maxFee * 11n && next.tip * 10n >= old.tip * 11n).toBe(true);
    expect(fees.replacing({ maxFee: 0n, tip: 0n })).toMatchObject({ maxFee: 3n * GWEI, tip: GWEI });
    fees.update(0n, 0n);
    expect(fees.replacing({ maxFee: 0n, tip: 0n })).toMatchObject({ maxFee: 1n, tip: 1n });
  });

  test("never offers more than the cap", () => {
    const fees = new Fees(5n * GWEI, undefined);
    fees.update(10n * GWEI, 7n * GWEI);
    expect(fees.price()).toEqual({ kind: "eip1559", maxFee: 5n * GWEI, tip: 5n * GWEI });
    expect(fees.replacing({ maxFee: 5n * GWEI, tip: GWEI })).toBeUndefined();
    expect(fees.excludes({ maxFee: 5n * GWEI })).toBe(true);
    expect(fees.excludes({ maxFee: 10n * GWEI })).toBe(false);
  });
});
