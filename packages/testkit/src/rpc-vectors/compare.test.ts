import { describe, expect, test } from "vitest";
import { answerDifference, errorClass } from "./compare.ts";
import type { Json } from "./round-trips.ts";

const envelope = { jsonrpc: "2.0", id: 1 };
const result = (value: Json): Json => ({ ...envelope, result: value });
const error = (code: number, message: string, data?: Json): Json => ({
  ...envelope,
  error: { code, message, ...(data === undefined ? {} : { data }) },
});

describe("answers", () => {
  test.each<[string, Json, Json]>([
    ["another value", result({ a: "0x1" }), result({ a: "0x2" })],
    ["a field too many", result({ a: "0x1", b: null }), result({ a: "0x1" })],
    ["a field too few", result({}), result({ a: null })],
    ["an item too few", result([]), result(["0x"])],
    ["null for a value", result(null), result("0x")],
    ["an error for a result", error(-32000, "no"), result("0x")],
    ["a result for an error", result("0x"), error(-32000, "no")],
    ["another code", error(-32602, "nonce too low"), error(-32000, "nonce too low")],
    ["a message that viem takes for another", error(-32000, "nonce too high"), error(-32000, "nonce too low")],
    ["other data", error(3, "execution reverted", "0x01"), error(3, "execution reverted", "0x02")],
    ["another id", { ...envelope, id: 2, result: "0x" }, result("0x")],
  ])("%s is a difference", (_, actual, wanted) => {
    expect(answerDifference(actual, wanted, false)).toBeTypeOf("string");
  });

  test("the order of fields and the words of a message are none", () => {
    expect(answerDifference(result({ a: "0x1", b: [] }), result({ b: [], a: "0x1" }), false)).toBeUndefined();
    expect(answerDifference(error(-32000, "one"), error(-32000, "another"), false)).toBeUndefined();
  });
});

describe("shapes", () => {
  test.each<[string, Json, Json]>([
    ["a missing field", result({}), result({ a: "0x1" })],
    ["a field that nobody wants", result({ a: "0x1", b: "" }), result({ a: "0x1" })],
    ["a number for a hexadecimal text", result({ a: 1 }), result({ a: "0x1" })],
    ["an error", error(-32000, "no"), result({})],
    ["an item like none that is wanted", result([{ a: 1 }]), result([{ b: 1 }, { c: 1 }])],
    ["an entry of a map like none", result({ "0x1": { a: 1 } }), result({ "0x2": { b: 1 } })],
  ])("%s is a difference", (_, actual, wanted) => {
    expect(answerDifference(actual, wanted, true)).toBeTypeOf("string");
  });

  test("other values, lengths and names of entries are none", () => {
    const wanted = result({ list: [{ a: "0x1" }, { b: true }], map: { "0x1": { a: 1 } } });
    const actual = result({ list: [{ b: false }], map: { "0x2": { a: 2 }, "0x3": { a: 3 } } });
    expect(answerDifference(actual, wanted, true)).toBeUndefined();
  });
});

test("messages are classed as viem does", () => {
  expect(errorClass("nonce too low: next nonce 2, tx nonce 1")).toBe("NonceTooLowError");
  expect(errorClass("err: insufficient funds for gas * price + value: address 0x")).toBe("InsufficientFundsError");
  expect(errorClass("something else")).toBe("UnknownNodeError");
});
