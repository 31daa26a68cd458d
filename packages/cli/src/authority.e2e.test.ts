import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Anvil, MNEMONIC, wordOf } from "@tributary/authority/anvil.fixture";
import { afterEach, beforeEach, expect, test } from "vitest";

const PROGRAM = resolve(import.meta.dirname, "main.ts");

let anvil: Anvil;
let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  anvil = await Anvil.start("--block-time", "0.2");
  folder = mkdtempSync(join(tmpdir(), "authority-cli-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await anvil.stop();
  rmSync(folder, { recursive: true, force: true });
});

function tributary(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** The server's address, once it is printed. */
function started(args: readonly string[]): Promise<string> {
  const process_ = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  child = process_;
  return new Promise((resolveUrl, reject) => {
    let [output, log] = ["", ""];
    process_.stderr.on("data", (part: Buffer) => {
      log += part.toString("utf8");
    });
    process_.stdout.on("data", (part: Buffer) => {
      output += part.toString("utf8");
      if (output.endsWith("\n")) resolveUrl((JSON.parse(output) as { readonly url: string }).url);
    });
    process_.once("exit", () => reject(new Error(`it ended: ${log}`)));
  });
}

test("serves transactions from a configuration, and ends when what is on its way is done", async () => {
  const to = await anvil.counter();
  const { key, keySha256 } = JSON.parse(tributary("authority", "new-key", "--json").output) as Record<string, string>;
  const [config, mnemonic] = [join(folder, "authority.json"), join(folder, "mnemonic")];
  writeFileSync(mnemonic, `${MNEMONIC}\n`, { mode: 0o600 });
  const settings = {
    rpcUrl: anvil.rpc,
    signers: 2,
    store: join(folder, "jobs.db"),
    listen: { host: "127.0.0.1", port: 0 },
    callers: [{ name: "game", keySha256, allow: [{ to }] }],
    confirmations: 1,
    pollMs: 50,
  };
  writeFileSync(config, JSON.stringify(settings));
  const args = ["authority", "start", "--config", config, "--mnemonic-file", mnemonic, "--json"];
  const url = await started(args);
  const post = async (data: string, query = ""): Promise<{ readonly id: string; readonly state: string }> => {
    const response = await fetch(`${url}/v1/transactions${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ to, data }),
    });
    return (await response.json()) as { readonly id: string; readonly state: string };
  };
  expect(await post(wordOf("first"), "?wait=mined")).toMatchObject({ receipt: { status: "success" } });
  await post(wordOf("last"));
  const ended = new Promise((done) => child?.once("exit", (code) => done(code)));
  child?.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(await anvil.counted(to, wordOf("last"))).toBe(1);
});

test("says what is wrong with a configuration, without the secrets", () => {
  const [config, mnemonic] = [join(folder, "authority.json"), join(folder, "mnemonic")];
  writeFileSync(mnemonic, "not a real one", { mode: 0o600 });
  const args = ["authority", "start", "--config", config, "--mnemonic-file", mnemonic];
  expect(tributary(...args).output).toContain("does not exist");
  writeFileSync(config, JSON.stringify({ rpcUrl: anvil.rpc, signers: 0 }));
  const { status, output } = tributary(...args);
  expect(status).not.toBe(0);
  expect(output).toContain("signers");
  expect(output).not.toContain("not a real one");
});
