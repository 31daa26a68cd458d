// Finality over a wide area: a devnet of real processes in namespaces of its own, every connection between two nodes behind
// a forwarder of ours that delays what passes, and lets a part of it wait as long as a repetition would take.
import { cpus } from "node:os";
import { privateKeyToAccount } from "viem/accounts";
import { Random } from "../../agreement/random.ts";
import { Cluster } from "../../chaos/cluster.ts";
import type { Sandbox } from "../../chaos/sandbox.ts";
import { processorTime, sleep, until } from "../../devnet/processes.ts";
import { call } from "../../devnet/rpc.ts";
import { percentile } from "../percentile.ts";

export type WanOptions = {
  readonly members: number;
  /** Transfers whose finality is measured. */
  readonly samples: number;
  /** Milliseconds one way on average: each chunk draws between half and one and a half of it. */
  readonly delay: number;
  /** Part of the chunks that wait for a repetition. */
  readonly loss: number;
  readonly seed: number;
  /** For everything of this run; must exist. */
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly progress: (line: string) => void;
};

type Figures = { readonly samples: number; readonly p50: number; readonly p95: number; readonly most: number };

const FINALITY_MS = 60_000;
const LOOK_MS = 5;
/** Links settle, and what is measured once is compiled. */
const WARM_UP = 5;

/** Runs the benchmark and gives its figures as one JSON-able object. */
export async function benchWan(options: WanOptions): Promise<unknown> {
  const { members, samples, delay, loss, seed, folder, sandbox, progress } = options;
  const cluster = await Cluster.start({ folder, members, disks: 0, sandbox, random: new Random(seed) });
  try {
    progress(`${members} nodes are up`);
    const near = await measure(cluster, samples, progress);
    for (let a = 0; a < members; a++) {
      for (let b = a + 1; b < members; b++) cluster.links.set(a, b, { cut: false, delay, loss });
    }
    progress(`all links: ${delay} ms one way, ${loss * 100} % wait for a repetition`);
    const far = await measure(cluster, samples, progress);
    const machine = { processors: cpus().length, model: cpus()[0]?.model };
    return { benchmark: "wan", members, delay, loss, seed, machine, unit: "ms", loopback: near, wan: far };
  } finally {
    await cluster.stop();
  }
}

/** Milliseconds from sending a transfer to its receipt at the member that took it: clients are near their member. */
async function measure(
  cluster: Cluster,
  samples: number,
  progress: (line: string) => void,
): Promise<Figures & { readonly millisecondsPerHeight: number; readonly processorMsPerHeightPerNode: number }> {
  const { devnet, urls } = cluster;
  const account = privateKeyToAccount(devnet.info.accounts[0]?.privateKey ?? "0x");
  const chainId = devnet.info.chains[0]?.chainId ?? 0;
  const head = async (): Promise<number> => Number(await call<string>(urls[0] ?? "", "eth_blockNumber"));
  const costs = (): number => devnet.info.nodes.reduce((sum, { pid }) => sum + processorTime(pid), 0);
  let nonce = Number(await call<string>(urls[0] ?? "", "eth_getTransactionCount", account.address, "pending"));
  const found: number[] = [];
  let start = { at: performance.now(), head: await head(), costs: costs() };
  for (let turn = 0; turn < WARM_UP + samples; turn++) {
    if (turn === WARM_UP) start = { at: performance.now(), head: await head(), costs: costs() };
    const url = urls[turn % urls.length] ?? "";
    const raw = await account.signTransaction({
      ...{ chainId, nonce: nonce++, to: account.address, value: 1n, gas: 21_000n },
      ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
    });
    const sent = performance.now();
    const hash = await call<string>(url, "eth_sendRawTransaction", raw);
    const mined = async (): Promise<boolean> => (await call(url, "eth_getTransactionReceipt", hash)) !== null;
    await until("the receipt", FINALITY_MS, mined, LOOK_MS);
    if (turn >= WARM_UP) found.push(performance.now() - sent);
    if (found.length > 0 && found.length % 20 === 0) progress(`${found.length} of ${samples}`);
    await sleep(Math.max(0, 1_000 - (performance.now() - sent)));
  }
  const heights = Math.max(1, (await head()) - start.head);
  found.sort((a, b) => a - b);
  return {
    ...{ samples, p50: percentile(found, 0.5), p95: percentile(found, 0.95), most: found.at(-1) ?? 0 },
    millisecondsPerHeight: (performance.now() - start.at) / heights,
    processorMsPerHeightPerNode: (costs() - start.costs) / 1_000 / devnet.info.nodes.length / heights,
  };
}
