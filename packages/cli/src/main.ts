import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Before anything large is imported: compiled code is kept in the checkout, for sixteen nodes that start at one time.
enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/tributary", import.meta.url)));
const { runCommandLine } = await import("./command-line.ts");
process.exit(await runCommandLine(process.argv));
