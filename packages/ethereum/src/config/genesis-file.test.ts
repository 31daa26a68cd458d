import { expect, test } from "vitest";
import { EthereumError } from "../ethereum-error.ts";
import { parseGenesisFile } from "./genesis-file.ts";

const file = { config: { chainId: 7 }, gasLimit: "0x1000", alloc: {} };

test("short and decimal numbers, and texts without 0x, are read as geth reads them", () => {
  const alloc = { "11": { balance: "12", nonce: "0x1", code: "0x6001", storage: { "0x1": "0x02" } } };
  const { accounts, nonce, chainId } = parseGenesisFile(JSON.stringify({ ...file, nonce: "0x2", alloc }));
  expect([chainId, Buffer.from(nonce).toString("hex")]).toEqual([7n, "0000000000000002"]);
  expect(accounts).toHaveLength(1);
  expect(accounts[0]).toMatchObject({ balance: 12n, nonce: 1n });
  expect(accounts[0]?.address.at(-1)).toBe(0x11);
  expect(accounts[0]?.storage[0]?.[1].at(-1)).toBe(2);
});

test.each<[string, unknown]>([
  ["no object", []],
  ["no config", { ...file, config: undefined }],
  ["no chain id", { ...file, config: {} }],
  ["a gas limit that is no number", { ...file, gasLimit: "much" }],
  ["a gas limit beyond exact numbers", { ...file, gasLimit: "0xffffffffffffffff" }],
  ["an address that is too long", { ...file, alloc: { ["1".repeat(42)]: {} } }],
  ["a code that is no hexadecimal", { ...file, alloc: { "1": { code: "0xzz" } } }],
  ["a negative balance", { ...file, alloc: { "1": { balance: -1 } } }],
  ["a blob schedule without numbers", { ...file, config: { chainId: 7, blobSchedule: { cancun: {} } } }],
])("refused: %s", (_, value) => {
  expect(() => parseGenesisFile(JSON.stringify(value))).toThrow(EthereumError);
});

test("refused: no JSON", () => {
  expect(() => parseGenesisFile("{")).toThrow("not JSON");
});
