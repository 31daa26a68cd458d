import { LANE_SHARE } from "@tributary/protocol/gasless/lanes";
import { count, parse } from "../arguments.ts";
import { Economy } from "./economy.ts";

const usage = `npm run simulate:gasless -- [options]: honest users beside an attacker, upon the real pools and choices of members

  --members N    members of the committee (default 4)
  --honest N     users, half with history and half fresh ones that mine when told to (default 1000)
  --actions N    actions of each (default 10)
  --attackers N  fresh accounts of the attacker, spread over all members (default 100000)
  --rate N       transactions of attackers that each member is offered at each height (default 250)
  --buyers N     accounts that bought priority and send all that is taken (default 4)
  --bought N     percent of the chain's gas that they bought the priority for (default 50)
  --block N      transfers that a block holds (default 600)
  --seed N       (default 1)
  --json         the report alone on standard output

Ends with 1 where fewer than 95 % of the honest actions were mined within 5 s, or the attacker got more than its share
of blocks that honest transactions had to wait for, or the buyers more than the part that is sold.`;

const { values } = parse(usage, {
  options: {
    members: { type: "string", default: "4" },
    honest: { type: "string", default: "1000" },
    actions: { type: "string", default: "10" },
    attackers: { type: "string", default: "100000" },
    rate: { type: "string", default: "250" },
    buyers: { type: "string", default: "4" },
    bought: { type: "string", default: "50" },
    block: { type: "string", default: "600" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});

const report = await Economy.run({
  members: count(values.members, "members"),
  honest: count(values.honest, "honest"),
  actions: count(values.actions, "actions"),
  attackers: count(values.attackers, "attackers"),
  attackRate: count(values.rate, "rate"),
  buyers: count(values.buyers, "buyers"),
  bought: count(values.bought, "bought") / 100,
  blockActions: count(values.block, "block"),
  heightMs: 250,
  seed: count(values.seed, "seed"),
});
console.log(values.json ? JSON.stringify(report) : report);
const fair = report.attackerShareWanted <= LANE_SHARE.fresh && report.buyersShareWanted <= LANE_SHARE.priority;
process.exitCode = report.inTime >= 0.95 && fair ? 0 : 1;
