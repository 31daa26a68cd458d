// What `npm pack` and `npm publish` run before (`prepare`) and after (`restore`): inside the repository the package is
// TypeScript, packed it is JavaScript with declarations, for Node 20.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

type Manifest = Readonly<Record<string, unknown>>;

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const manifest = join(root, "package.json");
/** The workspace's manifest while the packed one stands in its place. */
const kept = join(root, "build", "package.workspace.json");

function compile(): void {
  const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  const args = [compiler, "-p", join(root, "tsconfig.dist.json")];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) throw new Error(`tsc ended with ${status}`);
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    // The compiler rewrites the imports of the code only; declarations with ".ts" need its newest versions.
    const text = readFileSync(join(dist, name), "utf8");
    writeFileSync(join(dist, name), text.replace(/(from "\.[^"]*|import\("\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

function packed(workspace: Manifest): Manifest {
  const { private: _private, devDependencies: _development, scripts: _scripts, ...rest } = workspace;
  const entry = { types: "./dist/index.d.ts", default: "./dist/index.js" };
  return { ...rest, exports: { ".": entry, "./package.json": "./package.json" } };
}

function restore(): void {
  if (!existsSync(kept)) return;
  writeFileSync(manifest, readFileSync(kept));
  rmSync(kept);
}

function prepare(): void {
  // A pack that was killed left its manifest.
  restore();
  rmSync(dist, { recursive: true, force: true });
  compile();
  const text = readFileSync(manifest, "utf8");
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, text);
  writeFileSync(manifest, `${JSON.stringify(packed(JSON.parse(text) as Manifest), undefined, 2)}\n`);
}

const step = process.argv[2];
if (step === "prepare") prepare();
else if (step === "restore") restore();
else throw new Error("prepare or restore");
