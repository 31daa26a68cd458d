import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** The options that name a keystore with anvil's accounts. */
function keystore(): readonly ["--keystore", string, "--password-file", string] {
  const [path, password, mnemonic] = [join(folder, "keys"), join(folder, "password"), join(folder, "mnemonic")];
  writeFileSync(mnemonic, `${MNEMONIC}\n`, { mode: 0o600 });
  writeFileSync(password, "a password\n", { mode: 0o600 });
  const args = ["new-keystore", path, "--password-file", password, "--mnemonic-file", mnemonic, "--json"];
  const { output } = tributary("authority", ...args);
  expect(JSON.parse(output)).toEqual({ signer: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266" });
  rmSync(mnemonic);
  return ["--keystore", path, "--password-file", password];
}

function settings(keySha256: string, to = `0x${"00".repeat(20)}`): Readonly<Record<string, unknown>> {
  return {
    rpcUrl: anvil.rpc,
    signers: 2,
    store: join(folder, "jobs.db"),
    listen: { host: "127.0.0.1", port: 0 },
    callers: [{ name: "game", keySha256, allow: [{ to }], operator: true }],
    confirmations: 1,
    pollMs: 50,
  };
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
  const config = join(folder, "authority.json");
  const keys = keystore();
  expect(readFileSync(keys[1], "utf8")).not.toContain("junk");
  writeFileSync(config, JSON.stringify(settings(String(keySha256), to)));
  const args = ["authority", "start", "--config", config, ...keys, "--json"];
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
  const keyFile = join(folder, "api-key");
  writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
  const operate = (name: string) => tributary("authority", name, "--url", url, "--key-file", keyFile, "--json");
  expect(JSON.parse(operate("status").output)).toMatchObject({ chainId: 31_337, ready: true, open: 0 });
  expect(JSON.parse(operate("add-signer").output)).toEqual({ address: expect.stringMatching(/^0x/) });
  expect(JSON.parse(operate("status").output).signers).toHaveLength(3);
  await post(wordOf("last"));
  const ended = new Promise((done) => child?.once("exit", (code) => done(code)));
  expect(operate("drain").status).toBe(0);
  expect(await ended).toBe(0);
  expect(await anvil.counted(to, wordOf("last"))).toBe(1);
});

test("says what is wrong with a configuration, without the secrets", () => {
  const config = join(folder, "authority.json");
  const keys = keystore();
  const args = ["authority", "start", "--config", config, ...keys];
  expect(tributary(...args).output).toContain("does not exist");
  writeFileSync(config, JSON.stringify({ rpcUrl: anvil.rpc, signers: 0 }));
  const { status, output } = tributary(...args);
  expect(status).not.toBe(0);
  expect(output).toContain("signers");
});

test("opens a keystore with its password only, replaces none, and shows no secret of a wrong one", () => {
  const keys = keystore();
  const [config, other] = [join(folder, "authority.json"), join(folder, "other")];
  writeFileSync(config, JSON.stringify(settings("0".repeat(64))));
  writeFileSync(other, "another password");
  const wrong = tributary("authority", "start", "--config", config, "--keystore", keys[1], "--password-file", other);
  expect([wrong.status, wrong.output]).toEqual([1, expect.stringContaining("password is wrong")]);
  const again = tributary("authority", "new-keystore", keys[1], "--password-file", other);
  expect([again.status, again.output]).toEqual([1, expect.stringContaining("exists already")]);
  writeFileSync(other, "no real words");
  const args = ["new-keystore", join(folder, "new"), "--password-file", keys[3], "--mnemonic-file", other];
  const refused = tributary("authority", ...args);
  expect([refused.status, refused.output]).toEqual([1, expect.not.stringContaining("real words")]);
});
