// npm run bench -- NAME [--json]: figures go to stdout, progress to stderr.
import { parseArgs } from "node:util";
import { count } from "../arguments.ts";
import { benchChain } from "./chain.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    members: { type: "string", default: "4" },
    seconds: { type: "string", default: "30" },
    samples: { type: "string", default: "200" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const usage = `npm run bench -- chain [--members N] [--seconds S] [--samples K] [--json]

  --members   members of the chain, each a process (1, 4, 7 or 16; default 4)
  --seconds   length of the full load (default 30)
  --samples   transfers at one a second whose finality is measured (default 200)
  --json      print one JSON object`;

if (values.help || positionals[0] !== "chain") {
  console.error(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  const figures = await benchChain({
    members: count(values.members, "members"),
    seconds: count(values.seconds, "seconds"),
    samples: count(values.samples, "samples"),
    progress: (line) => console.error(line),
  });
  console.log(values.json ? JSON.stringify(figures) : JSON.stringify(figures, undefined, 2));
}
