// Which packages may run a script of their own when they are installed: those that load a prebuilt binary or compile it.
// A dependency that begins to do so is looked at before it is let in.
import { readFileSync } from "node:fs";

const allowed = ["classic-level", "secp256k1"];

type Lock = { readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>> };

const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")) as Lock;
const found = Object.entries(lock.packages)
  .filter(([, { hasInstallScript }]) => hasInstallScript === true)
  .map(([path]) => path.replace(/^.*node_modules\//, ""));
const unknown = found.filter((name) => !allowed.includes(name));
for (const name of unknown) console.error(`${name} runs a script when it is installed`);
console.log(`install scripts: ${found.length} packages, ${unknown.length} of them unknown`);
if (unknown.length > 0) process.exitCode = 1;
