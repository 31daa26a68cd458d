import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { finalMessageDigest } from "@tributary/protocol/wire/index";
import { serializeTransaction } from "viem";
import { expect, test } from "vitest";
import { isUnsignedTransaction } from "./unsigned-transaction.ts";

const to = "0x00000000000000000000000000000000000000aa";
const common = { chainId: 1, nonce: 3, gas: 21_000n, to, value: 5n, data: "0x0102" } as const;
const unsigned = fromHex(serializeTransaction({ ...common, type: "eip1559", maxFeePerGas: 9n }))!;

test("takes a transaction of its type that is whole and unsigned, and nothing else", () => {
  expect(isUnsignedTransaction(unsigned)).toBe(true);
  const accessList = [{ address: to, storageKeys: [`0x${"01".repeat(32)}`] }] as const;
  const listed = serializeTransaction({ ...common, type: "eip1559", maxFeePerGas: 9n, accessList });
  expect(isUnsignedTransaction(fromHex(listed)!)).toBe(true);

  const signature = { r: toHex(new Uint8Array(32).fill(1)), s: toHex(new Uint8Array(32).fill(2)), yParity: 1 };
  const signed = serializeTransaction({ ...common, type: "eip1559", maxFeePerGas: 9n }, signature);
  const legacy = serializeTransaction({ ...common, type: "legacy", gasPrice: 9n });
  for (const other of [signed, legacy]) expect(isUnsignedTransaction(fromHex(other)!)).toBe(false);
  expect(isUnsignedTransaction(unsigned.subarray(0, -1))).toBe(false);
  expect(isUnsignedTransaction(new Uint8Array([...unsigned, 0]))).toBe(false);
  expect(isUnsignedTransaction(new Uint8Array(0))).toBe(false);
  const slot = { group: toHex(new Uint8Array(32)), era: 0, epoch: 0, height: 1 } as const;
  const digest = finalMessageDigest({ ...slot, seat: 0, hash: slot.group, share: new Uint8Array(96) });
  expect(isUnsignedTransaction(digest)).toBe(false);
});
