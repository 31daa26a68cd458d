// node older-node.ts run --data DIR: a node of a version that knew the first rules only. It is put together by the command
// line's own composition; only the list of rules is shorter, as it was before the others were added to it.
import { parseArgs } from "node:util";
import { KNOWN_FORKS } from "@tributary/chain/forks/fork";
import { createOutput } from "@tributary/cli/output";
import { runNode } from "@tributary/cli/run-node";
import { stopSignal } from "@tributary/cli/stop-signal";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { data: { type: "string" } } });
if (positionals[0] !== "run" || values.data === undefined) {
  console.error("usage: older-node.ts run --data DIR");
  process.exit(2);
}
await runNode({
  data: values.data,
  output: createOutput(false),
  signal: stopSignal(),
  forks: KNOWN_FORKS.slice(0, 1),
});
process.exit(0);
