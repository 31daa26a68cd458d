// node cheating-node.ts CHEAT run --data DIR: a node that cheats in key generations and is honest in all else. It is put
// together by the command line's own composition; only what its agents take for the key vault differs.
import { parseArgs } from "node:util";
import { createOutput } from "@tributary/cli/output";
import { runNode } from "@tributary/cli/run-node";
import { stopSignal } from "@tributary/cli/stop-signal";
import { cheatingVault, cheatNames } from "./cheats.ts";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { data: { type: "string" } } });
const cheat = cheatNames.find((name) => name === positionals[0]);
if (cheat === undefined || positionals[1] !== "run" || values.data === undefined) {
  console.error(`usage: cheating-node.ts ${cheatNames.join("|")} run --data DIR`);
  process.exit(2);
}
await runNode({
  data: values.data,
  output: createOutput(false),
  signal: stopSignal(),
  agentKeys: (vault) => cheatingVault(vault, cheat),
});
process.exit(0);
