import { expect, test } from "vitest";
import { type Verdict, verdictOf } from "./wording.ts";

/** Texts of the nodes' own sources and answers. */
const SAID: readonly (readonly [string, Verdict])[] = [
  ["already known", "known"],
  ["transaction already imported", "known"],
  ["ALREADY_EXISTS: already known", "known"],
  ["AlreadyKnown", "known"],
  ["Known transaction", "known"],
  ["nonce too low", "nonce-spent"],
  ["nonce too low: next nonce 5, tx nonce 3", "nonce-spent"],
  ["Nonce too low. Expected nonce to be 4 but got 3.", "nonce-spent"],
  ["OldNonce, Current nonce: 8, nonce of rejected tx: 3", "nonce-spent"],
  ["nonce too high", "nonce-gap"],
  ["Transaction nonce is too distant from current sender nonce: nonce too far", "nonce-gap"],
  ["replacement transaction underpriced", "outbid"],
  ["Gas price too low to replace, existing tx", "outbid"],
  ["could not replace existing tx", "outbid"],
  ["ReplacementNotAllowed", "outbid"],
  ["transaction underpriced", "underpriced"],
  ["transaction underpriced: tip needed 1000000000, tip permitted 1", "underpriced"],
  ["max fee per gas less than block base fee: address 0x00, maxFeePerGas: 1, baseFee: 7", "underpriced"],
  ["Gas price below configured minimum gas price", "underpriced"],
  ["FeeTooLow, MaxFeePerGas too low", "underpriced"],
  ["insufficient funds for gas * price + value: balance 0, tx cost 21000, overshot 21000", "insufficient-funds"],
  ["Insufficient funds for gas * price + value", "insufficient-funds"],
  ["Upfront cost exceeds account balance", "insufficient-funds"],
  ["InsufficientFunds, Account balance: 0", "insufficient-funds"],
  ["txpool is full", "busy"],
  ["account limit exceeded: 4096 transactions of this sender wait", "busy"],
  ["in-flight transaction limit reached for delegated accounts", "busy"],
  ["too many requests", "busy"],
  ["intrinsic gas too low: have 1, want 21000", "invalid"],
  ["exceeds block gas limit", "invalid"],
  ["max priority fee per gas higher than max fee per gas", "invalid"],
  ["oversized data: transaction size 131073, limit 131072", "invalid"],
  ["max initcode size exceeded: code size 49153, limit 49152", "invalid"],
  ["invalid sender", "invalid"],
  ["rlp: expected List", "invalid"],
  ["something went wrong", "unclear"],
];

test.each(SAID)("%s", (message, verdict) => {
  expect(verdictOf(-32_000, message)).toBe(verdict);
});

test("a code says what a text does not", () => {
  expect(verdictOf(-32_005, "please")).toBe("busy");
  expect(verdictOf(429, "")).toBe("busy");
  expect(verdictOf(-32_603, "internal error")).toBe("unclear");
});
