// One chain of four members under more JSON-RPC than it takes, open loop: what is taken and refused, how the heights go
// on, and what idle WebSockets hold. Load and nodes share the machine.
import { cpus } from "node:os";
import { Devnet } from "../../devnet/devnet.ts";
import { deployCounter } from "../rpc/counter.ts";
import { holdSockets } from "./idle-sockets.ts";
import { RpcLoad } from "./load.ts";

export type RpcLoadOptions = {
  readonly calls: number;
  readonly transactions: number;
  /** Of the load, and of the quiet time before it. */
  readonly seconds: number;
  readonly sockets: number;
  /** Units of budget a second of each node. */
  readonly units: number;
  readonly progress: (line: string) => void;
};

/** Longer than the server takes to see by its pings who is gone. */
const IDLE_SECONDS = 65;

export async function benchRpcLoad(options: RpcLoadOptions): Promise<unknown> {
  const { calls, transactions, seconds, sockets, units, progress } = options;
  const settings = ["--rpc-units", String(units), "--rpc-sockets", String(sockets)];
  const devnet = await Devnet.start({ nodes: 4, arguments: settings });
  try {
    const { info } = devnet;
    const load = new RpcLoad(info, (await deployCounter(info)).address);
    const quiet = await load.quiet(seconds);
    progress(`quiet: ${quiet.toFixed(2)} heights a second`);
    const loaded = await load.run({ calls, transactions, seconds });
    progress(JSON.stringify(loaded));
    const [node] = info.nodes;
    const url = `${node?.rpc.replace("http", "ws")}/chains/${info.chains[0]?.chainId}`;
    const idle = await holdSockets(url, node?.pid ?? 0, sockets, IDLE_SECONDS);
    progress(JSON.stringify(idle));
    const after = await load.quiet(Math.min(seconds, 10));
    const machine = { processors: cpus().length, model: cpus()[0]?.model };
    const ratio = loaded.heightsPerSecond / quiet;
    const heightsPerSecond = { quiet, loaded: loaded.heightsPerSecond, ratio, afterSockets: after };
    return { benchmark: "rpc-load", calls, transactions, seconds, units, machine, heightsPerSecond, loaded, idle };
  } finally {
    await devnet.dispose();
  }
}
