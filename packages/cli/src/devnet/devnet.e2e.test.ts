import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateTransportKey, transportIdentity } from "@tributary/node/mesh/transport-identity";
import { DEFAULT_LIMITS } from "@tributary/node/rpc/limits";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { bundledCommandLine } from "../bundle/bundle.ts";
import { chainCall } from "../chain-rpc.ts";
import { processAlive } from "../process-alive.ts";
import type { DevnetInfo } from "./devnet-file.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const running = new Set<ChildProcess>();
const folders: string[] = [];

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

function tributary(...parameters: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...parameters], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + 120_000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function start(data: string, ...parameters: readonly string[]): Promise<[ChildProcess, DevnetInfo]> {
  const child = spawn(process.execPath, [main, "devnet", "--data", data, ...parameters], { stdio: "ignore" });
  running.add(child);
  const file = join(data, "devnet.json");
  const info = await until("devnet.json", () => {
    if (child.exitCode !== null) throw new Error(`the devnet ended with ${child.exitCode}`);
    if (!existsSync(file)) return undefined;
    const found = JSON.parse(readFileSync(file, "utf8")) as DevnetInfo;
    return found.pid === child.pid ? found : undefined;
  });
  return [child, info];
}

async function interrupt(child: ChildProcess): Promise<number | null> {
  child.kill("SIGINT");
  await until("the devnet's end", () => (child.exitCode === null && child.signalCode === null ? undefined : true));
  running.delete(child);
  return child.exitCode;
}

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "tributary-devnet-"));
  folders.push(path);
  return path;
}

/** The chain of one member: makes blocks when told to, at the time that it is told, and takes them back. */
async function expectDevelopment(url: string, account: string): Promise<void> {
  const head = async (): Promise<{ number: number; timestamp: number; hash: string }> => {
    const block = (await chainCall(url, "eth_getBlockByNumber", "latest", false)) as Record<string, string>;
    return { number: Number(block["number"]), timestamp: Number(block["timestamp"]), hash: block["hash"] ?? "" };
  };
  expect(await chainCall(url, "evm_mine")).toBe("0x0");
  const id = await chainCall(url, "evm_snapshot");
  const before = await head();
  expect(await chainCall(url, "evm_increaseTime", 86_400)).toBe(86_400);
  await chainCall(url, "evm_mine", { blocks: "0x2" });
  const later = await head();
  expect(later.number).toBeGreaterThanOrEqual(before.number + 2);
  expect(later.timestamp).toBeGreaterThanOrEqual(before.timestamp + 86_400);
  await chainCall(url, "evm_mine", before.timestamp + 1_000_000);
  expect((await head()).timestamp).toBeGreaterThanOrEqual(before.timestamp + 1_000_000);
  expect(await chainCall(url, "evm_revert", id)).toBe(true);
  expect(await chainCall(url, "eth_getBlockByHash", later.hash, false)).toBeNull();
  await chainCall(url, "evm_mine");
  const after = await head();
  expect(after.timestamp).toBeLessThan(before.timestamp + 86_400);
  expect(await chainCall(url, "eth_getTransactionCount", account, "pending")).toBe("0x0");
  // What the containers hold is certified all the same.
  const finality = (await chainCall(url, "tributary_getFinality", `0x${after.number.toString(16)}`)) as object;
  expect(finality).toMatchObject({ blockHash: after.hash });
  expect(await chainCall(url, "evm_revert", id)).toBe(false);
}

/** `tributary gateway` with a certificate: what a wallet can add. */
async function expectGatewayWithTls(data: string, chainId: number): Promise<void> {
  const { certificate, privateKey } = transportIdentity(generateTransportKey());
  const [cert, key] = [join(data, "gateway.crt"), join(data, "gateway.key")];
  writeFileSync(cert, certificate);
  writeFileSync(key, privateKey, { mode: 0o600 });
  const parameters = ["gateway", "--data", data, "--port", "0", "--tls-cert", cert, "--tls-key", key, "--json"];
  parameters.push("--trusted-proxies", "127.0.0.1", "::1");
  const child = spawn(process.execPath, [main, ...parameters], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  let printed = "";
  child.stdout.on("data", (part) => {
    printed += part;
  });
  const line = await until("the gateway's endpoints", () => printed.split("\n").find((text) => text.endsWith("}")));
  const { chains } = JSON.parse(line) as { readonly chains: readonly { readonly chainId: number; url: string }[] };
  const url = chains.find((served) => served.chainId === chainId)?.url ?? "";
  expect(url).toMatch(/^https:/);
  expect(await askByTls(url, certificate)).toMatchObject({ result: `0x${chainId.toString(16)}` });
  await expectClientsApart(url, certificate);
  expect(await interrupt(child)).toBe(0);
  const named = await tributary("gateway", "--data", data, "--trusted-proxies", "proxy.example");
  expect(named).toMatchObject({ code: 2, stderr: expect.stringContaining("10.0.0.0/8") });
  const lonely = await tributary("gateway", "--data", data, "--port", "0", "--tls-cert", cert);
  expect(lonely).toMatchObject({ code: 1, stderr: expect.stringContaining("TLS_INVALID") });
  for (const file of [cert, key]) rmSync(file);
}

/** What a web server in front says counts: one of its clients fills its own share of sockets, not that of all. */
async function expectClientsApart(url: string, ca: string): Promise<void> {
  const sockets: WebSocket[] = [];
  const open = (client: string): Promise<boolean> => {
    const headers = { "x-forwarded-for": client };
    const socket = new WebSocket(url.replace("http", "ws"), { headers, ca, checkServerIdentity: () => false });
    sockets.push(socket);
    return new Promise((resolve) => {
      socket.once("open", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
  };
  const first = await Promise.all(Array.from({ length: DEFAULT_LIMITS.socketsPerAddress }, () => open("203.0.113.1")));
  expect(first).not.toContain(false);
  expect(await open("203.0.113.1")).toBe(false);
  expect(await open("203.0.113.2")).toBe(true);
  for (const socket of sockets) socket.terminate();
}

function askByTls(url: string, ca: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { method: "POST", headers: { "content-type": "application/json" }, ca };
    const asked = request(url, { ...options, checkServerIdentity: () => undefined }, (response) => {
      let text = "";
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () => resolve(JSON.parse(text)));
    });
    asked.on("error", reject);
    asked.end('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}');
  });
}

test("a devnet starts, rents and ends chains, stops without a trace, and goes on where it was", async () => {
  const data = newFolder();
  const [child, info] = await start(data, "--nodes", "1");
  // What nodes start from; without it they would start from the sources, and more slowly.
  expect(bundledCommandLine()).toBeDefined();
  expect(info.chains.map(({ name, members }) => [name, members])).toEqual([["first", [1]]]);
  expect(info.accounts).toHaveLength(10);
  const [chain] = info.chains;
  if (chain === undefined) throw new Error("no chain");
  const balance = await chainCall(chain.gateway, "eth_getBalance", info.accounts[9]?.address, "latest");
  expect(BigInt(String(balance))).toBeGreaterThan(0n);

  await expectDevelopment(chain.gateway, String(info.accounts[9]?.address));

  const created = await tributary("chain", "create", "--name", "two", "--members", "1", "--data", data, "--json");
  expect(created.code).toBe(0);
  const two = JSON.parse(created.stdout) as { chainId: number; state: string };
  expect(two.state).toBe("running");
  const file = (): DevnetInfo => JSON.parse(readFileSync(join(data, "devnet.json"), "utf8")) as DevnetInfo;
  const listed = await until("the new chain in devnet.json", () => file().chains.find(({ name }) => name === "two"));
  expect(listed.chainId).toBe(two.chainId);
  expect(Number(await chainCall(listed.gateway, "eth_chainId"))).toBe(two.chainId);

  await expectGatewayWithTls(data, chain.chainId);

  const evidence = await tributary("chain", "evidence", "two", "--submit", "--data", data, "--json");
  expect([evidence.code, JSON.parse(evidence.stdout)]).toEqual([0, []]);

  const deleted = await tributary("chain", "delete", "two", "--data", data);
  expect(deleted.code).toBe(0);
  await until("its end", () => (file().chains.some(({ name }) => name === "two") ? undefined : true));
  await expect(chainCall(listed.gateway, "eth_chainId")).rejects.toThrow();

  const again = await tributary("devnet", "--data", data, "--json");
  expect(again.code).toBe(1);
  expect(JSON.parse(again.stderr.split("\n")[0] ?? "")).toMatchObject({ error: { code: "DEVNET_RUNNING" } });

  const pids = [info.pid, info.mainchain.pid, ...info.nodes.map(({ pid }) => pid)];
  expect(await interrupt(child)).toBe(0);
  expect(pids.filter(processAlive)).toEqual([]);
  expect(existsSync(join(data, "devnet.json"))).toBe(false);
  expect(existsSync(join(data, "devnet.lock"))).toBe(false);

  const [resumed, later] = await start(data);
  expect(later.mainchain.contracts).toEqual(info.mainchain.contracts);
  expect(later.chains).toEqual(info.chains);
  expect(await chainCall(later.chains[0]?.gateway ?? "", "eth_getBlockByNumber", "0x1", false)).toBeTruthy();

  // The sudden death of the devnet's process takes everything with it, and loses nothing.
  const heirs = [later.mainchain.pid, ...later.nodes.map(({ pid }) => pid)];
  resumed.kill("SIGKILL");
  running.delete(resumed);
  await until("the end of its children", () => (heirs.some(processAlive) ? undefined : true));
  const [third, last] = await start(data);
  expect(last.chains).toEqual(info.chains);
  expect(await interrupt(third)).toBe(0);
});

test("wrong use, a folder without a devnet and a node without a folder have their codes", async () => {
  const data = newFolder();
  expect(await tributary("chain", "list", "--data", data, "--json")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("DEVNET_NOT_RUNNING"),
  });
  expect(await tributary("node", "run", "--data", data)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("CONFIG_MISSING"),
  });
  expect((await tributary("chain", "create", "--data", data)).code).toBe(2);
  expect((await tributary("chain", "create", "--members", "65", "--name", "x")).code).toBe(2);
  expect((await tributary("--help")).code).toBe(0);
  writeFileSync(join(data, "notes.txt"), "mine");
  expect(await tributary("devnet", "--fresh", "--data", data)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("DATA_FOREIGN"),
  });
  expect(existsSync(join(data, "notes.txt"))).toBe(true);
});
