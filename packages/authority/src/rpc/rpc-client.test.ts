import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { RpcClient, RpcUnreachable } from "./rpc-client.ts";

type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly body: string };

const servers: Server[] = [];
const asked: number[] = [];

/** An endpoint that answers as `reply` says; `asked` counts its requests. */
async function endpoint(reply: (calls: readonly { readonly id: number }[]) => Reply): Promise<string> {
  const index = asked.push(0) - 1;
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString("utf8")));
    request.on("end", () => {
      asked[index] = (asked[index] ?? 0) + 1;
      const { status = 200, headers = {}, body } = reply(JSON.parse(text));
      response.writeHead(status, headers).end(body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  asked.length = 0;
});

const echo = (calls: readonly { readonly id: number }[]): Reply => ({
  body: JSON.stringify(calls.map(({ id }) => ({ jsonrpc: "2.0", id, result: id })).reverse()),
});
const two = [
  { method: "a", params: [] },
  { method: "b", params: [] },
];
const options = { timeoutMs: 500, maxBatch: 100 };

test("gives the answers in the order of the calls, whatever the endpoint's order", async () => {
  const client = new RpcClient({ ...options, urls: [await endpoint(echo)] });
  const answers = await client.batch(two);
  expect(answers).toEqual([
    { ok: true, result: 0 },
    { ok: true, result: 1 },
  ]);
});

test("cuts long batches into pieces", async () => {
  const client = new RpcClient({ ...options, maxBatch: 2, urls: [await endpoint(echo)] });
  expect(await client.batch([...two, ...two, ...two])).toHaveLength(6);
  expect(asked).toEqual([3]);
});

const unusable: readonly (readonly [string, Reply])[] = [
  ["asks for patience", { status: 429, headers: { "retry-after": "20" }, body: "" }],
  ["answers no JSON", { body: "<html>" }],
  ["answers no list", { body: "{}" }],
  ["leaves an answer out", { body: '[{"jsonrpc":"2.0","id":0,"result":1}]' }],
  ["limits the rate of one call", { body: '[{"id":0,"result":1},{"id":1,"error":{"code":-32005,"message":"limit"}}]' }],
];

test.each(unusable)("goes to the next endpoint when one %s, and leaves that alone for a while", async (_, reply) => {
  const client = new RpcClient({ ...options, urls: [await endpoint(() => reply), await endpoint(echo)] });
  expect(await client.batch(two)).toHaveLength(2);
  expect(await client.batch(two)).toHaveLength(2);
  expect(asked).toEqual([1, 2]);
});

test("keeps the answers that an endpoint had room for, and asks for the others again only", async () => {
  const limited: Reply = { body: '[{"id":0,"result":"first"},{"id":1,"error":{"code":-32005,"message":"limit"}}]' };
  const client = new RpcClient({ ...options, urls: [await endpoint(() => limited)] });
  const refusal = { ok: false, code: -32005, message: "limit", data: undefined };
  expect(await client.batch(two)).toEqual([{ ok: true, result: "first" }, refusal]);
  const all: Reply = { body: '[{"id":0,"error":{"code":-32005,"message":"limit"}}]' };
  const busy = new RpcClient({ ...options, urls: [await endpoint(() => all)] });
  await expect(busy.batch(two.slice(0, 1))).rejects.toThrow(RpcUnreachable);
  // Whoever broadcasts learns that it was refused.
  const broadcaster = new RpcClient({ ...options, urls: [await endpoint(() => all)] });
  expect(await broadcaster.once(two.slice(0, 1))).toEqual([refusal]);
});

test("says that nobody answers, and when to ask again", async () => {
  const client = new RpcClient({ ...options, urls: [await endpoint(() => unusable[0]?.[1] as Reply)] });
  await expect(client.batch(two)).rejects.toThrow(RpcUnreachable);
  await expect(client.batch(two)).rejects.toThrow(RpcUnreachable);
  expect(asked).toEqual([1]);
  expect(client.restMs).toBeGreaterThan(10_000);
});

test("tries one endpoint only where a lost answer must be known", async () => {
  const client = new RpcClient({ ...options, urls: [await endpoint(() => ({ body: "" })), await endpoint(echo)] });
  await expect(client.once(two)).rejects.toThrow(RpcUnreachable);
  expect(asked).toEqual([1, 0]);
  expect(await client.once(two)).toHaveLength(2);
});

test("lanes lead to different endpoints, and past one that rests", async () => {
  const busy = { status: 429, headers: { "retry-after": "20" }, body: "" };
  const client = new RpcClient({
    ...options,
    urls: [await endpoint(echo), await endpoint(echo), await endpoint(() => busy)],
  });
  for (let lane = 0; lane < 6; lane++) await client.batch(two, lane);
  // The third one was asked once: its lane goes on with the first.
  expect(asked).toEqual([4, 2, 1]);
  await client.once(two, 1);
  await client.batch(two);
  expect(asked).toEqual([5, 3, 1]);
});
