#!/usr/bin/env node
// Runs the command line on the Node of this checkout: the machine's own may be too old for it.
import { spawn } from "node:child_process";
import { createRequire, enableCompileCache } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = 24;
const main = new URL("../src/main.ts", import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  // Before the first file of TypeScript: what strips its types takes longer to load than that takes.
  enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/tributary", import.meta.url)));
  await import(main.href);
} else {
  const child = spawn(nodeOfCheckout(), [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`tributary: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
}

function nodeOfCheckout() {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve(`node-${process.platform}-${process.arch}/package.json`)), "bin", "node");
  } catch {
    console.error(`tributary: needs Node ${NEEDED} or newer; this is ${process.version}, and npm ci brought none`);
    process.exit(1);
  }
}
