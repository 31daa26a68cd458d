// What `npm pack` and `npm publish` run before (`prepare`) and after (`restore`): inside the repository the package is
// TypeScript, packed it is JavaScript with declarations and the WebAssembly, so that it needs no compiler.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { compiledWasm, rebuiltWasm } from "../src/wasm-build.ts";
import { packedManifest, type WorkspaceManifest } from "./packed-manifest.ts";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const manifest = join(root, "package.json");
/** The workspace's manifest while the packed one stands in its place. */
const kept = join(root, "build", "package.workspace.json");

function compileTypeScript(): void {
  const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.dist.json")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`tsc ended with ${status}`);
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    // The compiler rewrites the imports of the code only; declarations with ".ts" need its newest versions.
    const text = readFileSync(join(dist, name), "utf8");
    writeFileSync(join(dist, name), text.replace(/(from "\.[^"]*|import\("\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

/** Compiles anew, and refuses to pack what another build of the same sources does not give again. */
async function putWasm(): Promise<void> {
  const [bytes, again] = [await rebuiltWasm(), await compiledWasm()];
  if (Buffer.compare(bytes, again) !== 0) throw new Error("two builds of the same sources differ");
  new WebAssembly.Module(bytes);
  const hash = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(dist, "evm.wasm"), bytes);
  writeFileSync(join(dist, "evm.wasm.sha256"), `${hash}  evm.wasm\n`);
}

function restore(): void {
  if (!existsSync(kept)) return;
  writeFileSync(manifest, readFileSync(kept));
  rmSync(kept);
}

async function prepare(): Promise<void> {
  // A pack that was killed left its manifest.
  restore();
  rmSync(dist, { recursive: true, force: true });
  compileTypeScript();
  await putWasm();
  const text = readFileSync(manifest, "utf8");
  const code = readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(dist, name), "utf8"));
  const packed = packedManifest(JSON.parse(text) as WorkspaceManifest, code);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, text);
  writeFileSync(manifest, `${JSON.stringify(packed, undefined, 2)}\n`);
}

const step = process.argv[2];
if (step === "prepare") await prepare();
else if (step === "restore") restore();
else throw new Error("prepare or restore");
