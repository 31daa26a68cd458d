// Which packages may run a script of their own when they are installed: those that load a prebuilt binary or compile it.
// A dependency that begins to do so is looked at before it is let in. Newer npm keeps to the same list by itself.
import { readFileSync } from "node:fs";

type Manifest = { readonly allowScripts: Readonly<Record<string, boolean>> };
type Lock = { readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>> };

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
const { allowScripts } = read("package.json") as Manifest;
const lock = read("package-lock.json") as Lock;
const found = Object.entries(lock.packages)
  .filter(([, { hasInstallScript }]) => hasInstallScript === true)
  .map(([path]) => path.replace(/^.*node_modules\//, ""));
const unknown = found.filter((name) => allowScripts[name] !== true);
for (const name of unknown) console.error(`${name} runs a script when it is installed`);
console.log(`install scripts: ${found.length} packages, ${unknown.length} of them unknown`);
if (unknown.length > 0) process.exitCode = 1;
