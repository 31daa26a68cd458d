import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createPublicClient, type PublicClient } from "viem";
import { afterEach, expect, test } from "vitest";
import { httpTransport } from "./http-transport.ts";

type Body = { readonly id: number; readonly method: string; readonly params?: readonly unknown[] };
type Serve = (body: Body | readonly Body[], response: ServerResponse, request: IncomingMessage) => void;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function clientOf(serve: Serve, timeout = 5_000): Promise<PublicClient> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    serve(JSON.parse(Buffer.concat(parts).toString()) as Body, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createPublicClient({ transport: httpTransport(url, timeout), cacheTime: 0 }) as PublicClient;
}

const answer = ({ id, method }: Body): object =>
  method === "eth_chainId" ? { id, result: "0x7" } : { id, error: { code: 3, message: "reverted", data: "0x1234" } };

test("calls that are made together share a request, and each gets its own answer, in whatever order they come", async () => {
  const bodies: unknown[] = [];
  const client = await clientOf((body, response) => {
    bodies.push(body);
    response.end(JSON.stringify([body].flat().map(answer).reverse()));
  });
  const [first, failed] = await Promise.allSettled([client.getChainId(), client.request({ method: "eth_gasPrice" })]);
  expect(first).toEqual({ status: "fulfilled", value: 7 });
  expect(failed).toMatchObject({ reason: { name: "RpcRequestError", code: 3, data: "0x1234" } });
  expect(bodies).toMatchObject([[{ method: "eth_chainId" }, { method: "eth_gasPrice" }]]);
  await client.getChainId();
  expect(bodies[1]).toMatchObject({ method: "eth_chainId" });
});

test("what is no answer is an error that says so", async () => {
  const answers = ["no JSON", "[]", "null", '{"id":null,"error":{"code":-32600,"message":"no batches"}}', "7"];
  let asked = 0;
  const client = await clientOf((_, response) => response.end(answers[asked++]));
  await expect(client.getChainId()).rejects.toThrow("not valid JSON");
  await expect(client.getChainId()).rejects.toThrow("the call was not answered");
  await expect(client.getChainId()).rejects.toThrow("the call was not answered");
  await expect(client.getChainId()).rejects.toThrow("no batches");
  await expect(client.getChainId()).rejects.toThrow("the call was not answered");
});

test("a refusal shows its status, silence ends with the time, and nobody there is said", async () => {
  const client = await clientOf((_, response) => response.writeHead(503).end("busy"));
  await expect(client.getChainId()).rejects.toThrow(/Status: 503[\s\S]*Service Unavailable busy/);
  const silent = await clientOf(() => undefined, 50);
  await expect(silent.getChainId()).rejects.toMatchObject({ name: "TimeoutError" });
  const slow = await clientOf((_, response) => response.writeHead(200).write("{"), 50);
  await expect(slow.getChainId()).rejects.toMatchObject({ name: "TimeoutError" });
  const cut = await clientOf((_, response) => response.writeHead(200).write("{", () => response.destroy()));
  await expect(cut.getChainId()).rejects.toThrow("aborted");
  const nobody = createPublicClient({ transport: httpTransport("http://127.0.0.1:1", 5_000) });
  await expect(nobody.getChainId()).rejects.toThrow("ECONNREFUSED");
});

test("a connection that the server closed while it rested costs no call", async () => {
  let asked = 0;
  const client = await clientOf((body, response, { socket }) => {
    asked += 1;
    if (asked === 2) socket.destroy();
    else response.end(JSON.stringify(answer(body as Body)));
  });
  expect(await client.getChainId()).toBe(7);
  expect(await client.getChainId()).toBe(7);
  expect(asked).toBe(3);
});

test("an answer is read up to a bound", async () => {
  const part = Buffer.alloc(1024 * 1024, " ");
  const client = await clientOf((_, response) => {
    const write = (): void => {
      while (!response.destroyed && response.write(part));
    };
    response.on("drain", write);
    write();
  });
  await expect(client.getChainId()).rejects.toThrow("the answer has more than");
});
