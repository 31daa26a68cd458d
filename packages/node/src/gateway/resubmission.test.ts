import { keccak256 } from "viem";
import { expect, test } from "vitest";
import { settleResubmission } from "./resubmission.ts";

const raw = "0x02f86b0102";
const hash = keccak256(raw);
const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const send = (id: unknown): unknown => ({ jsonrpc: "2.0", id, method: "eth_sendRawTransaction", params: [raw] });
const refused = (id: unknown, message: string): unknown => ({ jsonrpc: "2.0", id, error: { code: -32000, message } });

async function settle(request: unknown, answer: unknown, known: boolean): Promise<unknown> {
  return JSON.parse((await settleResubmission(body(request), body(answer), async () => known)).toString());
}

test("already known becomes the hash", async () => {
  expect(await settle(send(9), refused(9, "already known"), false)).toEqual({ jsonrpc: "2.0", id: 9, result: hash });
});

test("a used nonce becomes the hash only where the transaction itself used it", async () => {
  const answer = refused("a", "nonce too low: next nonce 5, tx nonce 4");
  expect(await settle(send("a"), answer, true)).toEqual({ jsonrpc: "2.0", id: "a", result: hash });
  expect(await settle(send("a"), answer, false)).toEqual(answer);
});

test("in a batch only sent transactions change", async () => {
  const read = { jsonrpc: "2.0", id: 1, method: "eth_call", params: [] };
  const words = refused(1, "execution reverted: already known");
  expect(await settle([read, send(2)], [words, refused(2, "already known")], false)).toEqual([
    words,
    { jsonrpc: "2.0", id: 2, result: hash },
  ]);
});

test("other refusals and broken bodies pass unchanged", async () => {
  const answer = refused(1, "insufficient funds for gas * price + value");
  expect(await settle(send(1), answer, true)).toEqual(answer);
  const broken = Buffer.from("<html>");
  expect(await settleResubmission(body(send(1)), broken, async () => true)).toBe(broken);
});
