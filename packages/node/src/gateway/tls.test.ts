import { request } from "node:https";
import pino from "pino";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { generateTransportKey, transportIdentity } from "../mesh/transport-identity.ts";
import type { TlsFiles } from "../rpc/chain-door.ts";
import { FixtureChain, fixtureBackend } from "../rpc/fixture-chain.testing.ts";
import { RpcServer } from "../rpc/server.ts";
import { Gateway } from "./gateway.ts";

const chainId = 4711n;
const logger = pino({ level: "silent" });
const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });

function makeTls(): TlsFiles {
  const { certificate: cert, privateKey: key } = transportIdentity(generateTransportKey());
  return { cert, key };
}

const first = makeTls();
let member: RpcServer;
let gateway: Gateway;
let port: number;

beforeEach(async () => {
  member = new RpcServer({ logger, registry: new Registry() });
  member.addChain(chainId, fixtureBackend(new FixtureChain(chainId)));
  const at = await member.start({ port: 0 });
  gateway = new Gateway({ logger, tls: first, cors: ["https://app.example"] });
  gateway.setChain(chainId, [`http://127.0.0.1:${at.port}`]);
  ({ port } = await gateway.start({ port: 0 }));
});

afterEach(async () => {
  await gateway.stop();
  await member.stop();
});

function post(tls: TlsFiles): Promise<{ readonly answer: unknown; readonly origin: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", origin: "https://app.example" };
    const where = { host: "127.0.0.1", port, path: `/chains/${chainId}`, method: "POST", headers, agent: false };
    const asked = request({ ...where, ca: tls.cert, checkServerIdentity: () => undefined }, (response) => {
      let text = "";
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () =>
        resolve({ answer: JSON.parse(text), origin: response.headers["access-control-allow-origin"] }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

test("pages and wallets reach a chain by https", async () => {
  expect(await post(first)).toEqual({
    answer: { jsonrpc: "2.0", id: 1, result: "0x1267" },
    origin: "https://app.example",
  });
});

test("and by wss", async () => {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/chains/${chainId}`, {
    ca: first.cert,
    // The name in it is not the server's. The types of `ws` want a boolean where Node takes any falsehood for "well".
    checkServerIdentity: () => false,
  });
  const answer = await new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => socket.send(body));
    socket.on("message", (message) => resolve(JSON.parse(String(message))));
  });
  socket.terminate();
  expect(answer).toEqual({ jsonrpc: "2.0", id: 1, result: "0x1267" });
});

test("a renewed certificate serves from the next connection on, and a bad one never", async () => {
  const second = makeTls();
  await expect(post(second)).rejects.toThrow(/certificate/);
  await gateway.renew(second);
  expect(await post(second)).toMatchObject({ answer: { result: "0x1267" } });
  await expect(post(first)).rejects.toThrow(/certificate/);
  await expect(gateway.renew({ ...second, key: first.key })).rejects.toThrow(/key values mismatch/);
  expect(await post(second)).toMatchObject({ answer: { result: "0x1267" } });
});

test("nobody is answered in the clear, and a certificate with another's key does not start", async () => {
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  const wrong = new Gateway({ logger, tls: { ...makeTls(), key: first.key } });
  await expect(wrong.start({ port: 0 })).rejects.toThrow(/key values mismatch/);
});
