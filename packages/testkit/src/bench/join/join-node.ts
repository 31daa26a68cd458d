// One node of the join benchmark, a process of its own: node join-node.ts FOLDER NODE-ID JOIN-LAG. Log lines go to stdout.
// Any message from the parent says that the second epoch is ready.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TestNode } from "@tributary/node/node.fixture";
import { decodeSpec, FIRST_CHECKPOINT, READY_CHECKPOINT, READY_FILE, SPEC_FILE, type StoredSpec } from "./join-spec.ts";

const [root = "", id = "", joinLag = ""] = process.argv.slice(2);
const stored = JSON.parse(readFileSync(join(root, SPEC_FILE), "utf8")) as StoredSpec;
const node = await TestNode.open(Number(id), root);
const place = stored.ports[Number(id) - 1];
if (place === undefined) throw new RangeError(`no node ${id}`);
node.peerPort = place.peer;
node.rpcPort = place.rpc;
node.joinLag = Number(joinLag);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => node.process.stop().then(() => process.exit(0)));
process.once("disconnect", () => process.exit(1));
const { first, joining, ready } = decodeSpec(stored, Number(id));

function advance(number: number): void {
  node.process.checkpoints.advance([{ number, hash: `0x${number.toString(16).padStart(64, "0")}` }]);
}

function readEpoch(): void {
  for (const { group, era, epoch } of ready.epochs) node.process.checkpoints.ready(group, era, epoch, READY_CHECKPOINT);
  advance(READY_CHECKPOINT);
}

await node.start();
const known = existsSync(join(root, READY_FILE));
advance(FIRST_CHECKPOINT);
if (known) readEpoch();
await node.process.host.start(first, known ? ready : joining);
process.on("message", () => {
  readEpoch();
  void node.process.host.start(first, ready);
});
