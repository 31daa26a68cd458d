// For tests: a server on a free port with one fixture chain, and the ways to ask it.

import pino from "pino";
import { Registry } from "prom-client";
import type { Hex } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { afterEach, beforeEach, expect } from "vitest";
import { WebSocket } from "ws";
import { FixtureChain, fixtureBackend } from "./fixture-chain.testing.ts";
import { RpcServer, type RpcServerOptions } from "./server.ts";

export const chainId = 4711n;
export const account: PrivateKeyAccount = privateKeyToAccount(`0x${"42".repeat(32)}`);
export const emitter: Uint8Array = new Uint8Array(20).fill(0xee);
export const topic: Uint8Array = new Uint8Array(32).fill(0x70);

export let server: RpcServer;
export let chain: FixtureChain;
export let url: string;
let sockets: WebSocket[];

export async function serve(options: Partial<RpcServerOptions> = {}): Promise<void> {
  await server?.stop();
  server = new RpcServer({ logger: pino({ level: "silent" }), registry: new Registry(), ...options });
  chain = new FixtureChain(chainId);
  server.addChain(chainId, fixtureBackend(chain));
  const { port } = await server.start({ port: 0 });
  url = `http://127.0.0.1:${port}/chains/${chainId}`;
  sockets = [];
  nonce = 0;
}

/** Every test gets a server of its own. */
export function useServer(): void {
  beforeEach(() => serve());
  afterEach(async () => {
    for (const socket of sockets) socket.terminate();
    await server.stop();
  });
}

export type Reply = { status: number; headers: Headers; text: string };

export async function post(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  to: string = url,
): Promise<Reply> {
  const response = await fetch(to, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as plain JSON
export async function rpc(method: string, ...params: unknown[]): Promise<any> {
  const { text } = await post(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
  return JSON.parse(text);
}

export async function result(method: string, ...params: unknown[]): Promise<unknown> {
  const answer = await rpc(method, ...params);
  expect(answer.error).toBeUndefined();
  return answer.result;
}

let nonce = 0;
export async function send(): Promise<Hex> {
  const raw = await account.signTransaction({
    ...{ type: "eip1559", chainId: Number(chainId), nonce: nonce++, to: account.address, value: 1n, gas: 21_000n },
    ...{ maxFeePerGas: 5n, maxPriorityFeePerGas: 2n },
  });
  return (await result("eth_sendRawTransaction", raw)) as Hex;
}

export async function connect(path: string = url): Promise<WebSocket> {
  const socket = new WebSocket(path.replace("http", "ws"));
  sockets.push(socket);
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Messages of a socket in the order of arrival. */
export function messages(socket: WebSocket): AsyncIterator<Record<string, unknown>> {
  const queue: Record<string, unknown>[] = [];
  let wake: (() => void) | undefined;
  socket.on("message", (message) => {
    queue.push(JSON.parse(message.toString()));
    wake?.();
  });
  return {
    async next() {
      while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return { value: queue.shift() ?? {}, done: false };
    },
  };
}
