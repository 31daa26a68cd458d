// The mainchain is missing, stops, goes back and returns: nodes say so, their chains go on, nothing is lost.

import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";

type Health = {
  readonly mainchain: { readonly state: string; readonly delivered: number; readonly wentBack: number };
  readonly failed: Readonly<Record<string, unknown>>;
  readonly chains: Readonly<Record<string, { readonly status: string; readonly height: number }>>;
};
type Created = { readonly chainId: number; readonly state: string; readonly live: { readonly height: number } };

/** Milliseconds without a mainchain; longer than every timeout of the nodes' requests. */
const OUTAGE_MS = Number(process.env["TRIBUTARY_OUTAGE_MS"] ?? 20_000);
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");

let devnet: Devnet;
let load: Load;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 5 });
  load = new Load(devnet.info, 0);
  load.start(5);
});
afterAll(async () => {
  load?.stop();
  await devnet?.dispose();
});

const mainchain = (method: string, ...parameters: unknown[]) =>
  call<unknown>(devnet.info.mainchain.rpc, method, ...parameters);
const mainchainPid = () => (devnet.info.mainchain as unknown as { readonly pid: number }).pid;
const members = () => devnet.info.chains[0]!.rpc;
const head = async (url: string) => Number(await call<string>(url, "eth_blockNumber"));
const logOf = (index: number) => readFileSync(join(devnet.info.nodes[index]!.dataDir, "node.log"), "utf8");

async function health(index: number): Promise<Health> {
  const response = await fetch(`${devnet.info.nodes[index]!.rpc}/health`, { signal: AbortSignal.timeout(5_000) });
  return (await response.json()) as Health;
}

async function everyNode(what: string, check: (health: Health) => boolean): Promise<void> {
  await until(what, 60_000, async () => {
    const all = await Promise.all(devnet.info.nodes.map((_, index) => health(index)));
    return all.every(check);
  });
}

async function blocksGoOn(count = 5): Promise<void> {
  for (const url of members()) {
    const from = await head(url);
    await until(`${count} blocks more at ${url}`, 30_000, async () => (await head(url)) >= from + count);
  }
}

async function rent(name: string, ...more: readonly string[]): Promise<Created> {
  const parameters = ["chain", "create", "--name", name, "--size", "small", "--data", devnet.data, "--json", ...more];
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...parameters], { cwd: root });
  return JSON.parse(stdout) as Created;
}

test("a mainchain that stops: nodes say so, chains go on, and a chain rented afterwards works", async () => {
  const pid = mainchainPid();
  process.kill(pid, "SIGSTOP");
  try {
    const until = Date.now() + OUTAGE_MS;
    await everyNode("every node to miss the mainchain", ({ mainchain: { state } }) => state === "unreachable");
    for (const index of devnet.info.nodes.keys()) expect(logOf(index)).toContain("MAINCHAIN_UNREACHABLE");
    await blocksGoOn();
    const shown = promisify(execFile)(process.execPath, [main, "chain", "list", "--data", devnet.data], { cwd: root });
    await expect(shown).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("MAINCHAIN_UNREACHABLE") });
    await sleep(Math.max(0, until - Date.now()));
    await blocksGoOn();
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await everyNode("every node to follow again", ({ mainchain: { state } }) => state === "following");
  const created = await rent("after-outage", "--members", "4");
  expect(created.state).toBe("running");
  expect(created.live.height).toBeGreaterThan(0);
});

test("a node that starts without a mainchain waits for it and says why, while the others serve its chain", async () => {
  const index = devnet.info.nodes.findIndex(({ id }) => devnet.info.chains[0]!.members.includes(id));
  const node = devnet.info.nodes[index]!;
  const own = members().find((url) => url.startsWith(node.rpc))!;
  const others = members().filter((url) => url !== own);
  await devnet.killNode(index);
  const pid = mainchainPid();
  process.kill(pid, "SIGSTOP");
  try {
    await devnet.restartNode(index);
    await until("the node to say that it waits", 30_000, async () => {
      return (await health(index)).mainchain.state === "unreachable";
    });
    const from = await head(others[0]!);
    await until("blocks of the others", 20_000, async () => (await head(others[0]!)) > from + 3);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await until("the node to catch up", 60_000, async () => (await head(own)) >= (await head(others[0]!)) - 2);
  expect(readFileSync(`${devnet.data}.log`, "utf8")).toContain("MAINCHAIN_UNREACHABLE");
});

test("a mainchain that goes back far behind what it had called final: noticed, and no chain stops", async () => {
  // So that no chain's own beginning is among what is taken back; that is for the tests below.
  for (let i = 0; i < 20; i++) await mainchain("evm_mine");
  // Twice, so that members meet it at different moments of a height.
  for (let round = 1; round <= 2; round++) {
    const before = await Promise.all(
      devnet.info.nodes.map(async (_, index) => (await health(index)).mainchain.wentBack),
    );
    // Replaced empty blocks may come out the same: something has to be in one of them, and nodes have to have seen it.
    const [from] = (await mainchain("eth_accounts")) as readonly string[];
    const below = Number(await mainchain("eth_blockNumber"));
    await mainchain("eth_sendTransaction", { from, to: from, value: "0x1" });
    for (let i = 0; i < 4; i++) await mainchain("evm_mine");
    const height = Number(await mainchain("eth_blockNumber"));
    await everyNode("every node to have read it", ({ mainchain: { delivered } }) => delivered >= height - 1);
    // The devnet's own blocks go on meanwhile: at least two blocks below the one that holds something.
    await mainchain("anvil_reorg", Number(await mainchain("eth_blockNumber")) - below + 2, []);
    await until("every node to notice", 30_000, async () => {
      const now = await Promise.all(
        devnet.info.nodes.map(async (_, index) => (await health(index)).mainchain.wentBack),
      );
      return now.every((count, index) => count > before[index]!);
    });
    await blocksGoOn(10);
  }
  await everyNode("no member to stop", ({ failed }) => Object.keys(failed).length === 0);
  for (const index of devnet.info.nodes.keys()) expect(logOf(index)).not.toContain("execution stopped");
  const created = await rent("after-reorg", "--members", "4");
  expect(created.state).toBe("running");
});

test("a request in a block that is gone is gone: said clearly, and renting again works", async () => {
  const lost = await rent("lost", "--members", "1", "--no-wait");
  const count = Number(await mainchain("eth_blockNumber"));
  await mainchain("anvil_reorg", Math.min(count - 1, 3), []);
  const show = () =>
    promisify(execFile)(process.execPath, [main, "chain", "show", String(lost.chainId), "--data", devnet.data], {
      cwd: root,
    });
  await expect(show()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("CHAIN_UNKNOWN") });
  const again = await rent("again", "--members", "4");
  expect(again.state).toBe("running");
  expect(again.live.height).toBeGreaterThan(0);
  await blocksGoOn();
});

test("a key whose last transaction is gone is reported again, and its chain never stops", async () => {
  const created = await rent("ready-gone", "--members", "4");
  const state = async () => {
    const parameters = ["chain", "show", String(created.chainId), "--data", devnet.data, "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...parameters], { cwd: root });
    return JSON.parse(stdout) as Created;
  };
  await mainchain("anvil_reorg", 5, []);
  const running = await until("the chain to run on the mainchain again", 90_000, async () => {
    const view = await state().catch(() => undefined);
    return view?.state === "running" && view.live.height >= created.live.height ? view : undefined;
  });
  expect(running.live.height).toBeGreaterThanOrEqual(created.live.height);
  await blocksGoOn();
});

test("the mainchain's program dies and comes back with its state", async () => {
  const pid = mainchainPid();
  process.kill(pid, "SIGKILL");
  await until("a new process", 30_000, () => mainchainPid() !== pid && mainchainPid() > 0);
  await everyNode("every node to follow again", ({ mainchain: { state } }) => state === "following");
  await blocksGoOn();
});

test("a node of a mainchain that answers as another one refuses it by name", async () => {
  const { mkdtempSync, cpSync, writeFileSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const copy = mkdtempSync(join(tmpdir(), "tributary-node-"));
  try {
    const from = devnet.info.nodes[4]!.dataDir;
    for (const file of ["config.json", "keystore.json", "password"]) cpSync(join(from, file), join(copy, file));
    const config = JSON.parse(readFileSync(join(copy, "config.json"), "utf8"));
    // Far from the ports of everything else here, and free when asked.
    const { freePorts } = await import("@tributary/cli/devnet/free-ports");
    const [rpc = 0, peer = 0] = await freePorts(2);
    Object.assign(config.mainchain, { chainId: 1 });
    Object.assign(config.rpc, { port: rpc });
    Object.assign(config.peer, { port: peer });
    writeFileSync(join(copy, "config.json"), JSON.stringify(config));
    const child = spawn(process.execPath, [main, "node", "run", "--data", copy], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until("the complaint", 30_000, () => /serves chain 31337, expected 1/.test(said));
    child.kill("SIGINT");
    await until("its end", 15_000, () => child.exitCode !== null);
    expect(child.exitCode).toBe(0);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test("everything acknowledged meanwhile was mined exactly once", async () => {
  await load.finish();
  expect(load.acknowledged.length).toBeGreaterThan(30);
  const mined = await load.minedCounts(members()[1]!, 60_000);
  expect(load.acknowledged.filter((hash) => mined.get(hash) !== 1)).toEqual([]);
});
