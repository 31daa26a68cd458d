// npm run simulate:wan: figures go to stdout, progress to stderr.
import { cpus } from "node:os";
import { count, parse } from "../arguments.ts";
import { percentile } from "../bench/percentile.ts";
import { measuredCosts } from "./measured-costs.ts";
import { WideSimulation } from "./wide-simulation.ts";

const usage = `npm run simulate:wan -- [options]: finality over a wide area in virtual time, 60 ms one way and 1 % loss, each
  member with a processor of its own whose costs are measured on this machine first; TLS and the kernel are not counted

  --members N  (default 16)
  --samples K  transactions, one a second (default 200)
  --seed S     of delays and losses (default 1)
  --json       one JSON object on one line`;

const { values } = parse(usage, {
  options: {
    members: { type: "string", default: "16" },
    samples: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const members = count(values.members, "members");
const samples = count(values.samples, "samples");
const seed = count(values.seed, "seed");
const area = { delay: 60, loss: 0.01 };
const costs = await measuredCosts(members);
console.error(`costs of this machine, ms: ${JSON.stringify(costs)}`);
const { finality, heights, milliseconds, busy, messagesPerHeightPerMember } = new WideSimulation({
  ...{ members, seed, samples, area, costs },
}).run();
const figures = {
  ...{ simulation: "wan", members, samples, seed, ...area, unit: "ms" },
  machine: { processors: cpus().length, model: cpus()[0]?.model },
  costs,
  ...{ p50: percentile(finality, 0.5), p95: percentile(finality, 0.95), most: finality.at(-1) },
  ...{ heights, millisecondsPerHeight: milliseconds / heights, busy, messagesPerHeightPerMember },
};
console.log(values.json ? JSON.stringify(figures) : JSON.stringify(figures, undefined, 2));
