// One node of the join benchmark, a process of its own: node join-node.ts FOLDER NODE-ID JOIN-LAG. Log lines go to stdout.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestNode } from "@tributary/node/node.fixture";
import { decodeSpec, SPEC_FILE, type StoredSpec } from "./join-spec.ts";

const [root = "", id = "", joinLag = ""] = process.argv.slice(2);
const stored = JSON.parse(readFileSync(join(root, SPEC_FILE), "utf8")) as StoredSpec;
const node = await TestNode.open(Number(id), root);
const place = stored.ports[Number(id) - 1];
if (place === undefined) throw new RangeError(`no node ${id}`);
node.peerPort = place.peer;
node.rpcPort = place.rpc;
node.joinLag = Number(joinLag);
process.once("SIGINT", () => node.process.stop().then(() => process.exit(0)));
await node.start([decodeSpec(stored)]);
