import { privateKeyToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { NonceMemory } from "./nonce-memory.ts";

const CHAIN_ID = 7n;
const account = privateKeyToAccount(`0x${"11".repeat(32)}`);
const sender = account.address;

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const sign = (nonce: number): Promise<`0x${string}`> =>
  account.signTransaction({ chainId: Number(CHAIN_ID), nonce, gas: 21_000n, gasPrice: 0n, to: sender, type: "legacy" });
const send = async (nonce: number, id: unknown = 1): Promise<object> => ({
  ...{ jsonrpc: "2.0", id, method: "eth_sendRawTransaction", params: [await sign(nonce)] },
});
const count = (tag: string, id: unknown = 1): object => ({
  ...{ jsonrpc: "2.0", id, method: "eth_getTransactionCount", params: [sender, tag] },
});
const answer = (result: unknown, id: unknown = 1): object => ({ jsonrpc: "2.0", id, result });

function memory(): { readonly nonces: NonceMemory; readonly clock: { now: number } } {
  const clock = { now: 0 };
  return { nonces: new NonceMemory(CHAIN_ID, () => clock.now), clock };
}

function asked(nonces: NonceMemory, tag: string, result: string): unknown {
  return JSON.parse(nonces.settle(json(count(tag)), json(answer(result))).toString("utf8")).result;
}

test("a member that does not know a transaction yet cannot tell its nonce as free", async () => {
  const { nonces } = memory();
  expect(asked(nonces, "pending", "0x12")).toBe("0x12");
  nonces.settle(json(await send(0x12)), json(answer("0xhash")));
  expect(asked(nonces, "pending", "0x12")).toBe("0x13");
  // A member that knows more is believed; the state's own nonce is as it is.
  expect(asked(nonces, "pending", "0x20")).toBe("0x20");
  expect(asked(nonces, "latest", "0x12")).toBe("0x12");
  // An older one changes nothing.
  nonces.settle(json(await send(5)), json(answer("0xhash")));
  expect(asked(nonces, "pending", "0x12")).toBe("0x13");
});

test("behind a gap nothing counts, until it is filled", async () => {
  const { nonces } = memory();
  for (const nonce of [20, 2, 1]) nonces.settle(json(await send(nonce)), json(answer("0xhash")));
  expect(asked(nonces, "pending", "0x0")).toBe("0x0");
  expect(asked(nonces, "pending", "0x1")).toBe("0x3");
  nonces.settle(json(await send(0)), json(answer("0xhash")));
  expect(asked(nonces, "pending", "0x0")).toBe("0x3");
  expect(asked(nonces, "pending", "0x14")).toBe("0x15");
  // As many gaps as nobody leaves: the newest ones count.
  for (let nonce = 100; nonce < 130; nonce += 2) nonces.settle(json(await send(nonce)), json(answer("0xhash")));
  expect(asked(nonces, "pending", "0x0")).toBe("0x0");
  expect(asked(nonces, "pending", "0x80")).toBe("0x81");
});

test("what was refused, and what is long ago, does not count", async () => {
  const { nonces, clock } = memory();
  nonces.settle(json(await send(3)), json({ jsonrpc: "2.0", id: 1, error: { code: -32000, message: "no" } }));
  expect(asked(nonces, "pending", "0x3")).toBe("0x3");
  nonces.settle(json(await send(3)), json(answer("0xhash")));
  clock.now = 15_001;
  expect(asked(nonces, "pending", "0x3")).toBe("0x3");
});

test("batches keep their order, and nonsense stays what it was", async () => {
  const { nonces } = memory();
  const batch = json([await send(1, "a"), count("pending", "b"), count("latest", "c")]);
  const answers = json([answer("0xhash", "a"), answer("0x1", "b"), answer("0x1", "c")]);
  const settled = JSON.parse(nonces.settle(batch, answers).toString("utf8"));
  expect(settled).toEqual([answer("0xhash", "a"), answer("0x2", "b"), answer("0x1", "c")]);
  for (const text of ["", "eth_getTransactionCount", "[null]", '{"method":"eth_sendRawTransaction","params":[1]}']) {
    expect(nonces.settle(Buffer.from(text), Buffer.from("not json")).toString("utf8")).toBe("not json");
  }
});
