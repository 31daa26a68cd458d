import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { bundledCommandLine, CACHE, checkout } from "./bundle/bundle.ts";

type CommandLine = typeof import("./command-line.ts");

// Before anything large is imported: compiled code is kept in the checkout, for sixteen nodes that start at one time.
enableCompileCache(join(checkout, CACHE));
const { runCommandLine } = (await import(bundledCommandLine() ?? "./command-line.ts")) as CommandLine;
// Nothing ends because nobody can read what it says: not by a full disk below its output, not by a closed pipe.
let lost = false;
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  lost = true;
  if (error.code !== "EPIPE") process.stderr.write(`error ${error.code}: the output was not written whole\n`);
});
const code = await runCommandLine(process.argv);
// What was said last may fail only now.
await new Promise((resolve) => setImmediate(resolve));
process.exit(code === 0 && lost ? 1 : code);
