// Several chains on shared nodes: rented while everything runs, isolated from each other, ended with a refund.
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Flood } from "@tributary/testkit/devnet/flood";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { createPublicClient, http, parseAbi } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

type Created = { readonly chainId: string | number; readonly state: string };

const root = resolve(import.meta.dirname, "..");
let devnet: Devnet;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 6 });
});
afterAll(() => devnet?.dispose());

async function tributary<T>(...parameters: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)("npx", ["tributary", ...parameters, "--data", devnet.data, "--json"], {
    cwd: root,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}

const chainOf = (id: string | number) => devnet.info.chains.find((chain) => String(chain.chainId) === String(id));

/** Milliseconds from sending a transfer to its receipt at the accepting member. */
async function finality(
  url: string,
  chainId: number,
  account: ReturnType<typeof privateKeyToAccount>,
  nonce: number,
): Promise<number> {
  const raw = await account.signTransaction({
    chainId,
    nonce,
    to: account.address,
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
  });
  const start = performance.now();
  const hash = await call<`0x${string}`>(url, "eth_sendRawTransaction", raw);
  await until("the receipt", 30_000, async () => (await call(url, "eth_getTransactionReceipt", hash)) !== null, 5);
  return performance.now() - start;
}

async function p95(chain: number, samples: number): Promise<number> {
  const target = devnet.info.chains[chain]!;
  const account = privateKeyToAccount(devnet.info.accounts[8]!.privateKey);
  const found: number[] = [];
  let nonce = Number(await call<string>(target.rpc[0]!, "eth_getTransactionCount", account.address, "pending"));
  for (let i = 0; i < samples; i++) {
    found.push(await finality(target.rpc[0]!, target.chainId, account, nonce++));
    await sleep(200);
  }
  found.sort((a, b) => a - b);
  return found[Math.floor(0.95 * found.length)] ?? Number.NaN;
}

let second: Created;
let third: Created;

test("two more chains reach their first blocks while the nodes run on", async () => {
  const pids = devnet.info.nodes.map((node) => node.pid);
  const start = Date.now();
  second = await tributary<Created>("chain", "create", "--name", "second", "--size", "medium", "--members", "4");
  third = await tributary<Created>("chain", "create", "--name", "third", "--size", "small", "--members", "4");
  await until(
    "both in devnet.json",
    30_000,
    () => chainOf(second.chainId) !== undefined && chainOf(third.chainId) !== undefined,
  );
  process.stderr.write(`two chains rented and running after ${Date.now() - start} ms\n`);
  for (const { chainId } of [second, third]) {
    expect(Number(await call<string>(chainOf(chainId)!.rpc[0]!, "eth_blockNumber"))).toBeGreaterThan(0);
  }
  expect(devnet.info.nodes.map((node) => node.pid)).toEqual(pids);
});

test("a flooded small chain does not stop its neighbour", async () => {
  const neighbour = devnet.info.chains.findIndex((chain) => String(chain.chainId) === String(second.chainId));
  const quiet = await p95(neighbour, 30);
  const small = devnet.info.chains.findIndex((chain) => String(chain.chainId) === String(third.chainId));
  const flood = new Flood(devnet.info, small);
  await flood.start();
  await sleep(2_000);
  const loaded = await p95(neighbour, 30);
  await flood.stop();
  process.stderr.write(
    `p95 finality of the neighbour: ${quiet.toFixed(0)} ms quiet, ${loaded.toFixed(0)} ms while the small chain was sent ${flood.sent} transactions (${flood.refused} refused)\n`,
  );
  expect(flood.sent).toBeGreaterThan(500);
  expect(Number.isFinite(loaded)).toBe(true);
});

test("delete frees the slots, stops the members and refunds", async () => {
  const { rpc, contracts } = devnet.info.mainchain;
  const client = createPublicClient({ transport: http(rpc) });
  const owner = devnet.info.accounts[0]!.address;
  const token = {
    address: contracts["TributaryToken"]!,
    abi: parseAbi(["function balanceOf(address) view returns (uint256)"]),
    functionName: "balanceOf",
    args: [owner],
  } as const;
  const before = await client.readContract(token);
  const url = chainOf(third.chainId)!.rpc[0]!;
  await tributary("chain", "delete", String(third.chainId));
  expect(await client.readContract(token)).toBeGreaterThan(before);
  await until("the chain to leave devnet.json", 30_000, () => chainOf(third.chainId) === undefined);
  await until("the members to stop serving", 30_000, async () => {
    const response = await fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    return response.status === 404;
  });
});
