import { expect, test } from "vitest";
import { blobBaseFee, effectiveGasPrice, nextBaseFee, nextExcessBlobGas } from "./fees.ts";

const cancun = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 };
const GAS = 131_072n;

test("the base fee follows the gas of the block before (EIP-1559)", () => {
  const block = (gasUsed: number, baseFeePerGas?: bigint) => ({
    ...{ gasLimit: 30_000_000, gasUsed },
    ...(baseFeePerGas === undefined ? {} : { baseFeePerGas }),
  });
  expect(nextBaseFee(block(1))).toBe(1_000_000_000n);
  expect(nextBaseFee(block(15_000_000, 800n))).toBe(800n);
  expect(nextBaseFee(block(30_000_000, 800n))).toBe(900n);
  expect(nextBaseFee(block(0, 800n))).toBe(700n);
  // A rise is never nothing.
  expect(nextBaseFee(block(15_000_001, 7n))).toBe(8n);
});

test("the blob fee is 1 until there is excess (EIP-4844's test values)", () => {
  expect(blobBaseFee(0n, cancun)).toBe(1n);
  expect(blobBaseFee(2_314_057n, cancun)).toBe(1n);
  expect(blobBaseFee(2_314_058n, cancun)).toBe(2n);
  expect(blobBaseFee(10n * 1024n * 1024n, cancun)).toBe(23n);
});

test("excess blob gas sums up what is above the target", () => {
  const rules = { activation: 0, fork: "cancun", blobs: cancun } as const;
  const after = (excessBlobGas: bigint, blobs: bigint): bigint =>
    nextExcessBlobGas({ excessBlobGas, blobGasUsed: blobs * GAS, baseFeePerGas: 10n ** 12n }, rules);
  expect([after(0n, 3n), after(0n, 6n), after(5n * GAS, 0n)]).toEqual([0n, 3n * GAS, 2n * GAS]);
  // EIP-7918: where a blob costs less than its part of execution's fee, the excess does not fall.
  const osaka = { ...rules, fork: "osaka" } as const;
  const parent = { excessBlobGas: 5n * GAS, blobGasUsed: 0n, baseFeePerGas: 10n ** 12n };
  expect(nextExcessBlobGas(parent, osaka)).toBe(5n * GAS);
  expect(nextExcessBlobGas({ ...parent, blobGasUsed: 6n * GAS }, osaka)).toBe(8n * GAS);
  expect(nextExcessBlobGas({ ...parent, baseFeePerGas: 1n }, osaka)).toBe(2n * GAS);
});

test("a gas costs the tip and the base fee, and no more than was offered", () => {
  const offer = { maxFeePerGas: 10n, maxPriorityFeePerGas: 2n };
  expect([undefined, 3n, 9n, 10n].map((fee) => effectiveGasPrice(offer, fee))).toEqual([10n, 5n, 10n, 10n]);
});
