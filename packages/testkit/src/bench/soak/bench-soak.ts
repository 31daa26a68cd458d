// The soak: a devnet of real processes under steady load for long, and what each node still holds of it: heap after a
// collection, open files, resident memory, disk. Half of the nodes prune, the other half keep everything.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { freePorts } from "@tributary/cli/devnet/free-ports";
import { NODE_HEAP } from "@tributary/cli/devnet/node-child";
import { folderBytes } from "@tributary/node/host/folder-bytes";
import { Devnet, type DevnetInfo } from "../../devnet/devnet.ts";
import { Load } from "../../devnet/load.ts";
import { residentSize, sleep } from "../../devnet/processes.ts";
import { collectedHeap } from "./collected-heap.ts";
import { type Slope, slopeOf } from "./slope.ts";

export type SoakOptions = {
  readonly minutes: number;
  readonly progress: (line: string) => void;
};

type Sample = {
  /** Since the load began. */
  readonly seconds: number;
  readonly heap: number;
  readonly buffers: number;
  readonly handles: number;
  readonly resident: number;
  readonly disk: number;
  /** Committed by this process. */
  readonly transactions: number;
  readonly height: number;
  /** Oldest block that is kept. */
  readonly earliest: number;
};

type DiskGrowth = { readonly seconds: number; readonly transactions: number; readonly bytesPerTransaction: number };

export type NodeSoak = {
  readonly node: number;
  readonly history: number | "archive";
  /** Bytes after a collection: see CollectedHeap. */
  readonly heap: Slope;
  readonly buffers: Slope;
  readonly handles: Slope;
  readonly resident: Slope;
  readonly disk: Slope;
  /** Over all measurements that count. */
  readonly growth: DiskGrowth;
  /** Since the first block was dropped; undefined where none was. */
  readonly pruning: DiskGrowth | undefined;
  readonly earliest: number;
  readonly samples: readonly Sample[];
};

const main = resolve(import.meta.dirname, "../../../../cli/src/main.ts");
const NODES = 4;
/** The least that a node may be told to keep. */
const PRUNED: number = 4_096;
/** Transfers a second: what the machine takes beside a measurement of all nodes. */
const RATE = 150;
const EVERY_MS = 15_000;
/** Caches and compiled code are in place by then; of a short run the first half does not count. */
const WARM_SECONDS = 300;

/** Runs the soak and gives its figures as one JSON-able object. */
export async function benchSoak({ minutes, progress }: SoakOptions): Promise<unknown> {
  const devnet = await Devnet.start({ nodes: NODES, timeout: 300_000 });
  let load: Load | undefined;
  try {
    const nodes = await restartForSoak(devnet);
    progress(`devnet of ${NODES} is up, ${nodes.filter(({ history }) => history !== "archive").length} of them prune`);
    load = new Load(devnet.info, 0);
    load.start(RATE);
    const samples = await measure(devnet.info, nodes, minutes * 60, progress);
    await load.finish();
    const count = load.acknowledged.length;
    const seconds = minutes * 60;
    return {
      benchmark: "soak",
      minutes,
      machine: { processors: cpus().length, model: cpus()[0]?.model },
      load: { transactions: count, perSecond: Number((count / seconds).toPrecision(3)) },
      countsFrom: warmUp(seconds),
      nodes: nodes.map((node, index) => summary(node, samples[index] ?? [], warmUp(seconds))),
    };
  } finally {
    load?.stop();
    await devnet.dispose();
  }
}

function warmUp(seconds: number): number {
  return Math.min(WARM_SECONDS, seconds / 2);
}

type SoakNode = { readonly id: number; readonly history: NodeSoak["history"]; readonly port: number };

/** Every node once more: with its own part of the history, and a port for the inspector, which stays shut until asked. */
async function restartForSoak(devnet: Devnet): Promise<readonly SoakNode[]> {
  const ports = await freePorts(NODES);
  const nodes: SoakNode[] = [];
  for (const [index, { id, dataDir }] of devnet.info.nodes.entries()) {
    const history = index % 2 === 0 ? PRUNED : "archive";
    const port = ports[index] ?? 0;
    await devnet.killNode(index);
    const file = join(dataDir, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...config, history }));
    await devnet.restartNode(index, [...NODE_HEAP, `--inspect-port=${port}`, main, "node"]);
    nodes.push({ id, history, port });
  }
  return nodes;
}

async function measure(
  info: DevnetInfo,
  nodes: readonly SoakNode[],
  seconds: number,
  progress: (line: string) => void,
): Promise<readonly (readonly Sample[])[]> {
  const samples: Sample[][] = nodes.map(() => []);
  const begun = performance.now();
  for (let round = 1; round * EVERY_MS <= seconds * 1000; round++) {
    await sleep(Math.max(0, begun + round * EVERY_MS - performance.now()));
    for (const [index, node] of nodes.entries()) {
      samples[index]?.push(await sample(info, index, node.port, (performance.now() - begun) / 1000));
    }
    const last = samples.map((list) => list.at(-1));
    const heaps = last.map((each) => ((each?.heap ?? 0) / 2 ** 20).toFixed(1));
    progress(
      `${Math.round((performance.now() - begun) / 1000)} s: height ${last[0]?.height}, heaps ${heaps.join(" ")} MiB`,
    );
  }
  return samples;
}

async function sample(info: DevnetInfo, index: number, port: number, seconds: number): Promise<Sample> {
  const node = info.nodes[index];
  if (node === undefined) throw new RangeError(`no node ${index}`);
  // Before the inspector's own connection is there.
  const handles = readdirSync(`/proc/${node.pid}/fd`).length;
  const metrics = await (await fetch(new URL("/metrics", node.rpc))).text();
  const metric = (name: string): number => Number(new RegExp(`^${name}\\{[^}]*\\} (.+)$`, "m").exec(metrics)?.[1] ?? 0);
  const { objects, buffers } = await collectedHeap(node.pid, port);
  return {
    seconds,
    handles,
    ...{ heap: objects, buffers },
    resident: residentSize(node.pid),
    disk: await folderBytes(join(node.dataDir, "chains")),
    transactions: metric("tributary_transactions_committed_total"),
    height: metric("tributary_height"),
    earliest: metric("tributary_earliest_block"),
  };
}

function summary({ id, history }: SoakNode, samples: readonly Sample[], from: number): NodeSoak {
  const counted = samples.filter(({ seconds }) => seconds >= from);
  const slope = (of: (sample: Sample) => number): Slope =>
    slopeOf(counted.map((each) => ({ seconds: each.seconds, value: of(each) })));
  const last = counted.at(-1);
  const first = counted.find(({ earliest }) => earliest > 0);
  return {
    node: id,
    history,
    heap: slope(({ heap }) => heap),
    buffers: slope(({ buffers }) => buffers),
    handles: slope(({ handles }) => handles),
    resident: slope(({ resident }) => resident),
    disk: slope(({ disk }) => disk),
    growth: growthBetween(counted[0], last),
    pruning: first === undefined || first === last ? undefined : growthBetween(first, last),
    earliest: last?.earliest ?? 0,
    samples,
  };
}

function growthBetween(first: Sample | undefined, last: Sample | undefined): DiskGrowth {
  if (first === undefined || last === undefined) throw new RangeError("nothing was measured");
  const transactions = last.transactions - first.transactions;
  const bytesPerTransaction = Number(((last.disk - first.disk) / Math.max(1, transactions)).toPrecision(4));
  return { seconds: last.seconds - first.seconds, transactions, bytesPerTransaction };
}
