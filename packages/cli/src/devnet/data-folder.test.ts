import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { DataFolder, type DevnetState } from "./data-folder.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tributary-folder-"));
  folders.push(path);
  return path;
}

const state: DevnetState = {
  format: "tributary-devnet",
  version: 1,
  complete: true,
  ports: { mainchain: 1000, gateway: 1001, nodes: [{ rpc: 1002, peer: 1003 }] },
  fromBlock: 0,
  contracts: { Nodes: `0x${"12".repeat(20)}` },
};

test("a folder with somebody else's files is refused, so that nothing of theirs is ever wiped", async () => {
  const path = folder();
  writeFileSync(join(path, "thesis.tex"), "precious");
  await expect(DataFolder.take(path)).rejects.toMatchObject({ code: "DATA_FOREIGN" });
  expect(existsSync(join(path, "thesis.tex"))).toBe(true);
});

test("what was written comes back; what never got ready does not count", async () => {
  const taken = await DataFolder.take(folder());
  expect(await taken.read()).toBeUndefined();
  await taken.write({ ...state, complete: false });
  expect(await taken.read()).toBeUndefined();
  await taken.write(state);
  expect(await taken.read()).toEqual(state);
});

test("a second devnet on a taken folder is told who runs", async () => {
  const path = folder();
  const taken = await DataFolder.take(path);
  await taken.write(state);
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "devnet"], { stdio: "ignore" });
  try {
    writeFileSync(join(path, "devnet.lock"), String(other.pid));
    await expect(DataFolder.take(path)).rejects.toMatchObject({ code: "DEVNET_RUNNING" });
  } finally {
    other.kill("SIGKILL");
  }
  await taken.release();
  await expect(DataFolder.take(path)).resolves.toBeInstanceOf(DataFolder);
});

test("a lock whose process is another program by now holds nobody up", async () => {
  const path = folder();
  const taken = await DataFolder.take(path);
  await taken.write(state);
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    writeFileSync(join(path, "devnet.lock"), String(other.pid));
    await expect(DataFolder.take(path)).resolves.toBeInstanceOf(DataFolder);
  } finally {
    other.kill("SIGKILL");
  }
});

test("a damaged state is said, not guessed around", async () => {
  const taken = await DataFolder.take(folder());
  writeFileSync(join(taken.path, "state.json"), '{"format":"tributary-devnet","version":7}');
  await expect(taken.read()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
});

test("wiping leaves nothing but the lock", async () => {
  const taken = await DataFolder.take(folder());
  await taken.write(state);
  mkdirSync(taken.node(1), { recursive: true });
  await taken.wipe();
  expect(existsSync(join(taken.path, "nodes"))).toBe(false);
  expect(existsSync(join(taken.path, "devnet.lock"))).toBe(true);
});
