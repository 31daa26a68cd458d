// For tests: a server on a free port with one chain that executes for real, its blocks made on demand.

import pino from "pino";
import { Registry } from "prom-client";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { afterEach, beforeEach, expect } from "vitest";
import { chainDevelopment } from "./chain-development.ts";
import { fixtureBackend } from "./fixture-chain.testing.ts";
import { RpcServer } from "./server.ts";
import { SoloChain } from "./solo-chain.testing.ts";

export const soloChainId = 4712n;
/** Has a million coins at genesis. */
export const rich: PrivateKeyAccount = privateKeyToAccount(`0x${"43".repeat(32)}`);

export let solo: SoloChain;
export let soloUrl: string;
let server: RpcServer;
let nonce = 0;

/** Every test gets a chain and a server of its own. */
export function useSoloServer(chainId: bigint = soloChainId, gasLimit = 30_000_000, development = false): void {
  beforeEach(async () => {
    nonce = 0;
    solo = await SoloChain.open(chainId, [rich.address], gasLimit);
    server = new RpcServer({
      ...{ logger: pino({ level: "silent" }), registry: new Registry() },
      budget: { unitsPerSecond: 1e9, surplusPerSecond: 1e9 },
    });
    const backend = fixtureBackend(solo.chain);
    const view = development ? { development: chainDevelopment(solo.chain, () => solo.mine()) } : {};
    server.addChain(chainId, { ...backend, member: { ...backend.member, ...view } });
    const { port } = await server.start({ port: 0 });
    soloUrl = `http://127.0.0.1:${port}/chains/${chainId}`;
  });
  afterEach(async () => {
    await server.stop();
    await solo.close();
  });
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as plain JSON
export async function ask(method: string, ...params: unknown[]): Promise<any> {
  const response = await fetch(soloUrl, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    headers: { "content-type": "application/json" },
  });
  return response.json();
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as plain JSON
export async function answer(method: string, ...params: unknown[]): Promise<any> {
  const { error, result } = await ask(method, ...params);
  expect(error).toBeUndefined();
  return result;
}

export type Sent = {
  readonly to?: `0x${string}`;
  readonly data?: `0x${string}`;
  readonly value?: bigint;
  readonly gas?: bigint;
  readonly nonce?: number;
};

/** Signed by the rich account, with its next nonce unless one is given. */
export function sign(fields: Sent = {}): Promise<`0x${string}`> {
  const { gas = 1_000_000n, nonce: given = nonce++, ...rest } = fields;
  const fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  return rich.signTransaction({
    ...{ type: "eip1559", chainId: Number(soloChainId), nonce: given, gas, ...fees },
    ...rest,
  });
}

export async function sendSolo(fields: Sent = {}): Promise<`0x${string}`> {
  return answer("eth_sendRawTransaction", await sign(fields));
}
