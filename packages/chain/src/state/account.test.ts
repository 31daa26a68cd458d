import { concat, uint } from "@tributary/protocol/bytes/bytes";
import { expect, test } from "vitest";
import { decodeAccount, EMPTY_CODE_HASH, encodeAccount } from "./account.ts";
import { accountKey, codeKey, storageKey } from "./flat-key.ts";

const balances = [
  0n,
  1n,
  255n,
  (1n << 64n) - 1n,
  1n << 64n,
  10n ** 30n,
  (7n << 128n) | 5n,
  1n << 192n,
  2n ** 256n - 1n,
];

test("an account is u64 nonce, u256 balance, code hash", () => {
  for (const balance of balances) {
    for (const nonce of [0n, 9n, 2n ** 64n - 1n]) {
      const wide = Buffer.from(balance.toString(16).padStart(64, "0"), "hex");
      const expected = concat(uint(nonce, 8), wide, EMPTY_CODE_HASH);
      const bytes = encodeAccount({ nonce, balance, codeHash: EMPTY_CODE_HASH });
      expect(Buffer.compare(bytes, expected)).toBe(0);
      // Wherever in its buffer it lies, as databases give it.
      const inside = concat(new Uint8Array(3), bytes).subarray(3);
      const account = decodeAccount(inside);
      expect(account?.nonce).toBe(nonce);
      expect(account?.balance).toBe(balance);
      expect(Buffer.compare(account?.codeHash ?? new Uint8Array(0), EMPTY_CODE_HASH)).toBe(0);
    }
  }
  expect(decodeAccount(new Uint8Array(71))).toBeUndefined();
});

test("keys of the flat state are prefix, address, slot", () => {
  const address = Uint8Array.from({ length: 20 }, (_, i) => 200 + i);
  const slot = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
  const latin1 = (...parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString("latin1");
  expect(accountKey(address)).toBe(`a${latin1(address)}`);
  expect(storageKey(address, slot)).toBe(`s${latin1(address, slot)}`);
  expect(storageKey(slot.subarray(0, 20), slot)).toBe(`s${latin1(slot.subarray(0, 20), slot)}`);
  for (const short of [slot.subarray(1), new Uint8Array(33)])
    expect(() => storageKey(address, short)).toThrow(RangeError);
  expect(codeKey(slot)).toBe(`c${latin1(slot)}`);
});
