// A node whose files were damaged while it was down, or that is started wrongly, says what is wrong and where, wipes
// nothing, and keeps its other chains. And what a node has on disk, whenever it was stopped, is what its blocks say.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { alive, sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";

type Block = { readonly hash: string; readonly stateRoot: string; readonly number: string };
type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
type Audit = {
  readonly chainId: number;
  readonly ok: boolean;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly recomputed: string;
  readonly error?: { readonly code: string };
};
type Health = {
  readonly failed: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
  readonly chains: Readonly<Record<string, { readonly status: string }>>;
};

const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");
/** The node whose files are damaged, by its place in devnet.json. */
const VICTIM = 3;

let devnet: Devnet;
let load: Load;
let first = 0;
let second = 0;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  const created = await tributary(
    "chain",
    "create",
    "--name",
    "second",
    "--size",
    "small",
    "--data",
    devnet.data,
    "--json",
  );
  expect(created.stderr).not.toContain("error");
  second = (JSON.parse(created.stdout) as { chainId: number }).chainId;
  first = devnet.info.chains[0]!.chainId;
  load = new Load(devnet.info, 0);
  load.start(6);
});
afterAll(async () => {
  load?.stop();
  await devnet?.dispose();
});

const node = () => devnet.info.nodes[VICTIM]!;
const folder = (chainId: number, ...path: readonly string[]) =>
  join(node().dataDir, "chains", String(chainId), ...path);
const own = () => `${node().rpc}/chains/${first}`;
const other = () => devnet.info.chains[0]!.rpc.find((url) => !url.startsWith(node().rpc))!;
const head = async (url: string) => Number(await call<string>(url, "eth_blockNumber"));
const blockOf = (url: string, number: number) =>
  call<Block | null>(url, "eth_getBlockByNumber", `0x${number.toString(16)}`, false);

function tributary(...parameters: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [main, ...parameters],
      { cwd: root, maxBuffer: 1 << 26, timeout: 120_000 },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : typeof error.code === "number" ? error.code : null, stdout, stderr });
      },
    );
  });
}

/** Ends the node as an operator does, or as a crash does. */
async function stop(signal: "SIGINT" | "SIGKILL"): Promise<void> {
  const { pid } = node();
  if (!alive(pid)) return;
  process.kill(pid, signal);
  await until("the node's end", 20_000, () => !alive(pid), 20);
}

async function health(): Promise<Health> {
  return (await (await fetch(`${node().rpc}/health`, { signal: AbortSignal.timeout(5_000) })).json()) as Health;
}

/** The node runs, its member of the chain says as `code` what is wrong, and its other chain goes on. */
async function refuses(chainId: number, code: string, file: string): Promise<void> {
  await devnet.restartNode(VICTIM);
  const failure = await until(`${code} of ${chainId}`, 60_000, async () => (await health()).failed[String(chainId)]);
  expect(failure.code).toBe(code);
  expect(failure.message).toContain(file);
  const neighbour = chainId === first ? second : first;
  await until("the other chain", 60_000, async () => (await health()).chains[String(neighbour)]?.status === "running");
  expect((await health()).chains[String(chainId)]).toBeUndefined();
}

/** The member is level with the others and agrees with them. */
async function agrees(): Promise<void> {
  await until("the member to catch up", 90_000, async () => (await head(own())) >= (await head(other())) - 2);
  const height = await head(own());
  for (const number of [1, Math.ceil(height / 2), height]) {
    const theirs = await until("the others' block", 20_000, async () => (await blockOf(other(), number)) ?? undefined);
    expect(await blockOf(own(), number)).toEqual(theirs);
  }
}

function sole(path: string, pattern: RegExp): string {
  const found = readdirSync(path)
    .filter((name) => pattern.test(name))
    .sort()
    .at(-1);
  if (found === undefined) throw new Error(`no ${pattern} in ${path}`);
  return join(path, found);
}

function overwrite(file: string, at: number): void {
  const opened = openSync(file, "r+");
  writeSync(opened, Buffer.alloc(16, 0xee), 0, 16, at);
  closeSync(opened);
}

/** Puts the files back after a test damaged them. */
async function restoring(path: string, damage: () => Promise<void>): Promise<void> {
  cpSync(path, `${path}.kept`, { recursive: true });
  try {
    await damage();
  } finally {
    await stop("SIGKILL");
    rmSync(path, { recursive: true });
    cpSync(`${path}.kept`, path, { recursive: true });
    rmSync(`${path}.kept`, { recursive: true });
  }
}

test("the state on disk is what the other members' blocks say, at whatever moment the node is stopped", async () => {
  for (const signal of ["SIGINT", "SIGKILL", "SIGINT"] as const) {
    await sleep(randomInt(500, 3_000));
    const running = await tributary("node", "audit", "--data", node().dataDir, "--json");
    expect(running).toMatchObject({ code: 1, stderr: expect.stringContaining("store-locked") });
    await stop(signal);
    const audited = await tributary("node", "audit", "--data", node().dataDir, "--json");
    expect(audited.stderr).not.toContain("error");
    expect(audited.code).toBe(0);
    const audits = JSON.parse(audited.stdout) as readonly Audit[];
    expect(audits.map(({ chainId }) => chainId).sort()).toEqual([first, second].sort());
    for (const { chainId, blockNumber, blockHash, recomputed } of audits) {
      const url = other().replace(/\d+$/, String(chainId));
      const theirs = await until("their block", 20_000, async () => (await blockOf(url, blockNumber)) ?? undefined);
      expect(theirs).toMatchObject({ hash: blockHash, stateRoot: recomputed });
    }
    expect(audits.find(({ chainId }) => chainId === first)?.blockNumber).toBeGreaterThan(0);
    await devnet.restartNode(VICTIM);
    await agrees();
  }
});

test("an input log, a slot journal and a pool's log that a crash cut off recover by themselves", async () => {
  await stop("SIGKILL");
  for (const file of [
    sole(folder(first, sole(folder(first), /^log-/).split("/").at(-1)!), /segment$/),
    sole(folder(first, "journal"), /segment$/),
  ]) {
    truncateSync(file, statSync(file).size - 3);
  }
  // The pool's log holds what was acknowledged, so nothing of it may go: a crash leaves a begun frame behind it.
  const pool = folder(first, "chain", "pool.log");
  appendFileSync(pool, Buffer.from("a frame that was begun"));
  await devnet.restartNode(VICTIM);
  await agrees();
  expect(readFileSync(pool).includes("a frame that was begun")).toBe(false);
});

test("damage in the middle of the input log is named, and nothing is cut off", async () => {
  await stop("SIGINT");
  const file = sole(folder(first, sole(folder(first), /^log-/).split("/").at(-1)!), /segment$/);
  const size = statSync(file).size;
  await restoring(file, async () => {
    overwrite(file, Math.floor(size / 2));
    await refuses(first, "log-damaged", file);
    expect(statSync(file).size).toBe(size);
  });
  await devnet.restartNode(VICTIM);
  await agrees();
});

test("a damaged database of containers, and one of the state, are named, and nothing is wiped", async () => {
  const databases = [folder(first, "containers"), folder(first, "chain", "state")];
  // What was written last is in the log of the database, of which the library would drop a part in silence.
  const log = (database: string) => sole(database, /^\d+\.log$/);
  await until("some blocks in the logs", 60_000, () => databases.every((path) => statSync(log(path)).size > 40_000));
  await stop("SIGINT");
  for (const path of databases) {
    await restoring(path, async () => {
      const file = log(path);
      overwrite(file, Math.floor(statSync(file).size / 2));
      const before = readFileSync(file);
      await refuses(first, "store-damaged", file);
      expect(readFileSync(file).equals(before)).toBe(true);
    });
  }
  await restoring(folder(first, "chain", "state"), async () => {
    rmSync(folder(first, "chain", "state", "CURRENT"));
    const files = readdirSync(folder(first, "chain", "state")).sort();
    await refuses(first, "store-damaged", folder(first, "chain", "state", "CURRENT"));
    expect(readdirSync(folder(first, "chain", "state")).sort()).toEqual(files);
  });
  // An entry of the state that was changed behind everybody's back is for the audit to find.
  await restoring(folder(first, "chain", "state"), async () => {
    const { ClassicLevel } = await import("classic-level");
    const database = new ClassicLevel<Uint8Array, Uint8Array>(folder(first, "chain", "state"), {
      keyEncoding: "view",
      valueEncoding: "view",
    });
    await database.open();
    const [[key, value] = []] = await database
      .iterator({ gte: Buffer.from("a"), lt: Buffer.from("b"), limit: 1 })
      .all();
    const changed = Uint8Array.from(value!);
    changed[changed.length - 1]! ^= 1;
    await database.put(key!, changed);
    await database.close();
    const audited = await tributary("node", "audit", "--data", node().dataDir, "--chain", String(first), "--json");
    expect(audited).toMatchObject({ code: 1, stderr: expect.stringContaining("AUDIT_FAILED") });
    expect(JSON.parse(audited.stdout)).toMatchObject([{ chainId: first, ok: false }]);
    await devnet.restartNode(VICTIM);
  });
  await devnet.restartNode(VICTIM);
  await agrees();
});

test("a state that its operator threw away is made again from the containers", async () => {
  await stop("SIGINT");
  rmSync(folder(first, "chain", "state"), { recursive: true });
  await devnet.restartNode(VICTIM);
  await agrees();
});

test("a node that is started wrongly ends with a code and a word that helps", async () => {
  const { dataDir } = node();
  const second = await tributary("node", "run", "--data", dataDir, "--json");
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('"code":"data-locked"') });
  expect(second.stderr).toContain(dataDir);
  await agrees();

  await stop("SIGINT");
  const config = readFileSync(join(dataDir, "config.json"), "utf8");
  const password = readFileSync(join(dataDir, "password"), "utf8");
  const keystore = readFileSync(join(dataDir, "keystore.json"), "utf8");
  const port = (JSON.parse(config) as { rpc: { port: number }; peer: { port: number } }).rpc.port;
  const peerPort = (JSON.parse(config) as { peer: { port: number } }).peer.port;
  for (const taken of [port, peerPort]) {
    const squatter = createServer((socket) => socket.destroy());
    await new Promise<void>((listening) => squatter.listen(taken, "127.0.0.1", () => listening()));
    const refused = await tributary("node", "run", "--data", dataDir);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("error port-taken") });
    expect(refused.stderr).toContain(`127.0.0.1:${taken}`);
    await new Promise((closed) => squatter.close(closed));
  }
  const wrongly = async (file: string, content: string, code: string): Promise<void> => {
    const kept = readFileSync(join(dataDir, file));
    writeFileSync(join(dataDir, file), content);
    const ended = await tributary("node", "run", "--data", dataDir);
    writeFileSync(join(dataDir, file), kept);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`error ${code}`) });
    expect(ended.stderr).toContain(dataDir);
    expect(ended.stderr).not.toContain(password.trim());
  };
  await wrongly("password", "not this one\n", "vault-password");
  await wrongly("password", "", "config");
  await wrongly("keystore.json", keystore.slice(0, 100), "vault-damaged");
  await wrongly("config.json", config.slice(0, 50), "CONFIG_UNREADABLE");
  await wrongly("config.json", config.replace('"version": 1', '"version": 9'), "CONFIG_INVALID");
  expect(existsSync(join(dataDir, "node.json"))).toBe(false);
  await devnet.restartNode(VICTIM);
  await agrees();
});

test("everything acknowledged meanwhile was mined exactly once", async () => {
  await load.finish();
  const mined = await load.minedCounts(own(), 60_000);
  expect(load.acknowledged.filter((hash) => mined.get(hash) !== 1)).toEqual([]);
});

test("Ctrl-C in the middle of a start leaves no process and no lock behind", async () => {
  const data = join(devnet.data, "..", `tributary-interrupted-${process.pid}`);
  const left = () =>
    readdirSync("/proc").filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(data);
      } catch {
        return false;
      }
    });
  try {
    for (const wait of [300, 2_500, 6_000]) {
      const child: ChildProcess = spawn(process.execPath, [main, "devnet", "--data", data], { stdio: "ignore" });
      await sleep(wait);
      child.kill("SIGINT");
      await until("the devnet's end", 30_000, () => child.exitCode !== null || child.signalCode !== null);
      await until("the end of its processes", 5_000, () => left().length === 0);
      expect(existsSync(join(data, "devnet.json"))).toBe(false);
      expect(existsSync(join(data, "devnet.lock"))).toBe(false);
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
