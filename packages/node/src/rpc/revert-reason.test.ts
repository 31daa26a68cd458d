import { encodeErrorResult, type Hex } from "viem";
import { expect, test } from "vitest";
import { revertError } from "./revert-reason.ts";

const bytes = (hex: Hex): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
const errorAbi = [{ type: "error", name: "Error", inputs: [{ type: "string", name: "message" }] }] as const;
const panicAbi = [{ type: "error", name: "Panic", inputs: [{ type: "uint256", name: "code" }] }] as const;

test("Error(string) gives its text", () => {
  const returned = encodeErrorResult({ abi: errorAbi, errorName: "Error", args: ["not the owner of this — thing"] });
  expect(revertError(bytes(returned))).toMatchObject({
    code: 3,
    message: "execution reverted: not the owner of this — thing",
    data: returned,
  });
});

test.each([
  [1n, "assert(false)"],
  [17n, "arithmetic underflow or overflow"],
  [250n, "unknown panic code: 0xfa"],
  [2n ** 255n, `unknown panic code: 0x8${"0".repeat(63)}`],
])("Panic(%s)", (code, words) => {
  const returned = encodeErrorResult({ abi: panicAbi, errorName: "Panic", args: [code] });
  expect(revertError(bytes(returned)).message).toBe(`execution reverted: ${words}`);
});

test.each(["0x", "0x12345678", `0x08c379a0${"ff".repeat(64)}`, `0x08c379a0${"00".repeat(31)}20${"ff".repeat(32)}`])(
  "other bytes come without a reason: %s",
  (hex) => {
    expect(revertError(bytes(hex as Hex))).toMatchObject({ message: "execution reverted", data: hex });
  },
);
