// Loaded by `node --import` before the simulator: changes sources as they are loaded. Only in a child process.

import { registerHooks } from "node:module";
import type { Mutant, Patch } from "./mutants.ts";

const planted = process.env["TRIBUTARY_MUTANT"];
if (planted === undefined) throw new Error("TRIBUTARY_MUTANT holds no mutant");
const mutant = JSON.parse(planted) as Mutant;
const waiting = new Set<Patch>(mutant.patches);

registerHooks({
  load(url, context, nextLoad) {
    const result = nextLoad(url, context);
    let source: string | undefined;
    for (const patch of mutant.patches) {
      if (!url.endsWith(`/${patch.file}`)) continue;
      source ??=
        typeof result.source === "string" ? result.source : new TextDecoder().decode(result.source as Uint8Array);
      if (source.split(patch.find).length !== 2) {
        process.stderr.write(`patch does not apply: ${patch.file}: ${patch.find}\n`);
        process.exit(3);
      }
      source = source.replace(patch.find, () => patch.replace);
      waiting.delete(patch);
    }
    return source === undefined ? result : { ...result, source };
  },
});

process.on("exit", (code) => {
  if (waiting.size === 0 || code === 3) return;
  process.stderr.write(`patches never applied: ${[...waiting].map(({ file }) => file).join(", ")}\n`);
  process.exitCode = 3;
});
