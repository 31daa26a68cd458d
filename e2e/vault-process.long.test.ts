// The keys of a member live in a process of their own: moved there, killed under load, lost, and restored from a backup.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createWriteStream, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");
/** Place of the node whose keys move, and of one that is away while they are needed: three of four are a quorum. */
const MOVED = 3;
const AWAY = 0;

type Node = Devnet["info"]["nodes"][number];
type Health = { readonly vault?: { readonly connected: boolean; readonly members: Readonly<Record<string, number>> } };
type Made = { readonly keyHash: string; readonly clients: readonly string[]; readonly nodeAddress: string };
type Shown = {
  readonly live: { readonly notSigning: readonly number[] };
  readonly members: readonly { readonly nodeId: number }[];
};

let devnet: Devnet;
let load: Load;
let vault: ChildProcess | undefined;
let port = 0;
let made: Made;

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  load = new Load(devnet.info, 0);
  load.start(6);
});
afterAll(async () => {
  load?.stop();
  vault?.kill("SIGKILL");
  await devnet?.dispose();
});

const node = (): Node => devnet.info.nodes[MOVED]!;
const folder = (name: string): string => join(devnet.data, name);
const rpcOf = (index: number): string => `${devnet.info.nodes[index]!.rpc}/chains/${devnet.info.chains[0]!.chainId}`;
const head = async (index: number): Promise<number> => Number(await call<string>(rpcOf(index), "eth_blockNumber"));
const vaultLog = (): string => readFileSync(folder("vault.log"), "utf8");

async function health(): Promise<Health> {
  return (await (await fetch(`${node().rpc}/health`)).json()) as Health;
}

async function tributary<T>(...parameters: readonly string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, "vault", ...parameters, "--json"], {
    cwd: root,
  });
  return JSON.parse(stdout) as T;
}

async function serve(name: string): Promise<void> {
  const listen = ["--data", folder(name), "--listen", `127.0.0.1:${port}`, "--password-file", folder("vault-password")];
  const child = spawn(process.execPath, [main, "vault", "serve", ...listen, "--json"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  vault = child;
  child.stderr?.pipe(createWriteStream(folder("vault.log"), { flags: "a" }));
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until("the vault", 30_000, () => said.includes("\n"), 20);
  port = (JSON.parse(said) as { port: number }).port;
}

/** kill -9 of the vault. */
async function killVault(): Promise<void> {
  const child = vault;
  child?.kill("SIGKILL");
  await until("the vault's end", 5_000, () => child?.signalCode === "SIGKILL", 20);
}

/** So many blocks more than there are now, at a member. */
async function grows(index: number, blocks: number): Promise<void> {
  const before = await until(`node ${index} to serve`, 60_000, () => head(index));
  await until(`${blocks} blocks at node ${index}`, 60_000, async () => (await head(index)) >= before + blocks);
}

/** Also past the heights that are closed to a vault that lost its record: silent there, its member is one of the f. */
async function signs(): Promise<void> {
  await until("the vault to sign", 60_000, async () => {
    const { signing } = await call<{ signing: string }>(rpcOf(MOVED), "tributary_status");
    return signing === "signing";
  });
}

/** The vault's member is one of three, so that nothing is final without its keys. */
async function needed(body: () => Promise<void>): Promise<void> {
  await signs();
  await devnet.killNode(AWAY);
  try {
    await body();
  } finally {
    await devnet.restartNode(AWAY);
  }
  await grows(AWAY, 2);
}

test("a node's keys move to a vault, which is silent until others prove where they are, and then signs", async () => {
  writeFileSync(folder("vault-password"), "the vault's own\n", { mode: 0o600 });
  writeFileSync(folder("backup-password"), "the backup's own\n", { mode: 0o600 });
  await devnet.killNode(MOVED);
  const { dataDir } = node();
  const keystore = join(dataDir, "keystore.json");
  const password = ["--password-file", folder("vault-password")];
  const from = ["--from-keystore", keystore, "--keystore-password-file", join(dataDir, "password")];
  const data = ["--data", folder("vault"), "--link-key", join(dataDir, "link.pem")];
  made = await tributary<Made>("init", ...data, ...password, ...from);
  await serve("vault");
  rmSync(keystore);
  const file = join(dataDir, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as object;
  const address = { host: "127.0.0.1", port, keyHash: made.keyHash, linkKey: "link.pem" };
  writeFileSync(file, JSON.stringify({ ...config, vault: address }));
  await devnet.restartNode(MOVED);
  await signs();
  await needed(() => grows(MOVED, 5));
});

test("a new chain's key is generated with the vault's secrets, and is in its backup", async () => {
  const create = ["chain", "create", "--name", "second", "--size", "small", "--members", "4", "--data", devnet.data];
  await promisify(execFile)(process.execPath, [main, ...create, "--json"], { cwd: root });
  await until("both members to sign", 60_000, async () => (await health()).vault?.members["signing"] === 2);
  const password = ["--password-file", folder("vault-password")];
  const backup = ["export-backup", folder("backup.json"), "--data", folder("vault"), ...password];
  await tributary(...backup, "--backup-password-file", folder("backup-password"));
});

test("the vault is killed under load again and again: the chain waits for it, and goes on", async () => {
  const { pid } = node();
  await needed(async () => {
    for (let round = 0; round < 3; round++) {
      await killVault();
      await until("the node to notice", 20_000, async () => (await health()).vault?.connected === false);
      const stopped = await head(MOVED);
      await sleep(1_500);
      // Nothing is final without the vault but what was under way.
      expect(await head(MOVED)).toBeLessThanOrEqual(stopped + 3);
      await serve("vault");
      await signs();
      await grows(MOVED, 4);
    }
  });
  expect(node().pid).toBe(pid);
});

test("a node starts while its vault is away, follows, and votes when it comes back", async () => {
  await killVault();
  await devnet.killNode(MOVED);
  await devnet.restartNode(MOVED);
  await grows(MOVED, 3);
  expect((await health()).vault).toMatchObject({ connected: false });
  // On a busy machine it may be a few heights behind just then.
  await until("it to follow", 30_000, async () => {
    const { status, signing } = await call<{ status: string; signing: string }>(rpcOf(MOVED), "tributary_status");
    return status === "following" && signing === "away";
  });
  expect(await call(rpcOf(0), "tributary_status")).toMatchObject({ status: "running", signing: "signing" });
  const show = ["chain", "show", String(devnet.info.chains[0]!.chainId), "--data", devnet.data, "--json"];
  const shown = JSON.parse(
    (await promisify(execFile)(process.execPath, [main, ...show], { cwd: root })).stdout,
  ) as Shown;
  expect(shown.live.notSigning.map((place) => shown.members[place]!.nodeId)).toEqual([node().id]);
  await serve("vault");
  await signs();
  await needed(() => grows(MOVED, 3));
});

test("a share that is lost is restored from a backup whose record is older: silence, and then it votes again", async () => {
  await killVault();
  rmSync(folder("vault"), { recursive: true });
  await grows(MOVED, 3);
  const password = ["--password-file", folder("vault-password"), "--backup-password-file", folder("backup-password")];
  const client = ["--client", made.clients[0]!];
  const again = await tributary<Made>(
    "restore",
    folder("backup.json"),
    "--data",
    folder("restored"),
    ...password,
    ...client,
  );
  expect([again.keyHash, again.nodeAddress]).toEqual([made.keyHash, made.nodeAddress]);
  const told = (): number =>
    readFileSync(`${devnet.data}.log`, "utf8").split("older than this node's, or restored").length;
  const before = told();
  await serve("restored");
  await until("the silence", 30_000, () => told() > before);
  await signs();
  await needed(() => grows(MOVED, 5));
});

test("every acknowledged transaction is mined once, nobody contradicted itself, and the vault refused nothing", async () => {
  await load.finish();
  await grows(MOVED, 1).catch(() => undefined);
  const counts = await load.minedCounts(rpcOf(1), 120_000);
  expect(counts.size).toBe(new Set(load.acknowledged).size);
  expect([...counts.values()].every((count) => count === 1)).toBe(true);
  for (let index = 0; index < 4; index++) {
    const { evidence } = await call<{ evidence: readonly unknown[] }>(rpcOf(index), "tributary_getEvidence");
    expect(evidence).toEqual([]);
  }
  expect(readFileSync(`${devnet.data}.log`, "utf8")).not.toContain("the vault did not sign");
  expect(vaultLog()).not.toContain('"level":50');
});
