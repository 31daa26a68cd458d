// Nodes, tools and benchmarks run from their sources, whose types Node strips by a parser of its own: what tsc and the
// test runner take, it may not. stripTypeScriptTypes is that parser.
import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const files = ["packages/*/src/**/*.ts", "contracts/ts/**/*.ts", "e2e/**/*.ts", "ci/**/*.ts"]
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((file) => !file.includes("node_modules"));
let refused = 0;
for (const file of files) {
  try {
    stripTypeScriptTypes(readFileSync(join(root, file), "utf8"));
  } catch (error) {
    refused += 1;
    console.error(`${file}: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  }
}
console.log(`types: Node strips them from ${files.length - refused} of ${files.length} sources`);
process.exitCode = refused === 0 && files.length > 0 ? 0 : 1;
