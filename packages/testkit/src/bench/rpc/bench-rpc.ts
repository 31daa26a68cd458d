// What JSON-RPC methods cost the node that answers them: processor time of its main thread, where all chains of a node
// run, for a call over HTTP, alone and in batches. Processor time, since others may share the machine.
import { cpus } from "node:os";
import { weightOf } from "@tributary/node/rpc/weights";
import { Devnet, type DevnetInfo } from "../../devnet/devnet.ts";
import { mainThreadTime, processorTime, sleep, until } from "../../devnet/processes.ts";
import { call } from "../../devnet/rpc.ts";
import { type Asked, bodyOf, RpcPoster } from "./client.ts";
import { countIn, deployCounter } from "./counter.ts";
import { Senders } from "./senders.ts";

export type RpcBenchOptions = {
  /** Of each measurement. */
  readonly seconds: number;
  readonly progress: (line: string) => void;
};

type Case = { readonly name: string; readonly calls: (count: number) => readonly Asked[] };

type Row = {
  readonly call: string;
  /** Requests in one body. */
  readonly batch: number;
  readonly answered: number;
  readonly refused: number;
  /** Microseconds of a processor for a call: of the main thread, and of all threads. */
  readonly mainMicroseconds: number;
  readonly processMicroseconds: number;
  /** Units of 50 microseconds that the main thread took, and what the budget charges at first. */
  readonly units: number;
  readonly weight: number;
};

const MEMBERS = 4;
const BATCHES = [1, 50];
const PARALLEL = 4;
const UNIT_MICROSECONDS = 50;
const IDLE_MS = 2_000;
const SENDERS = 100;
/** More than any measurement asks. */
const UNITS = 10_000_000;
const NOBODY = `0x${"bb".repeat(20)}`;

function fixed(name: string, method: string, ...params: readonly unknown[]): Case {
  return { name, calls: (count) => new Array<Asked>(count).fill({ method, params }) };
}

function lookups(user: string, counter: string, hash: string): readonly Case[] {
  return [
    fixed("eth_chainId", "eth_chainId"),
    fixed("eth_blockNumber", "eth_blockNumber"),
    fixed("eth_getBalance", "eth_getBalance", user, "latest"),
    fixed("eth_getTransactionCount", "eth_getTransactionCount", user, "latest"),
    fixed("eth_getTransactionCount, pending", "eth_getTransactionCount", user, "pending"),
    fixed("eth_getStorageAt", "eth_getStorageAt", counter, "0x1", "latest"),
    fixed("eth_getTransactionReceipt", "eth_getTransactionReceipt", hash),
    fixed("eth_getTransactionByHash", "eth_getTransactionByHash", hash),
    fixed("eth_getBlockByNumber", "eth_getBlockByNumber", "latest", false),
    fixed("eth_getLogs, newest block", "eth_getLogs", { fromBlock: "latest" }),
    fixed("eth_feeHistory, 10 blocks", "eth_feeHistory", "0xa", "latest", []),
  ];
}

function executions(user: string, counter: string): readonly Case[] {
  const transfer = { from: user, to: NOBODY, value: "0x1" };
  const count = { from: user, to: counter, data: countIn(1) };
  const simulated = { blockStateCalls: [{ calls: [count] }] };
  return [
    fixed("eth_call, transfer", "eth_call", transfer, "latest"),
    fixed("eth_call, one slot written", "eth_call", count, "latest"),
    fixed("eth_estimateGas, transfer", "eth_estimateGas", transfer),
    fixed("eth_estimateGas, one slot written", "eth_estimateGas", count),
    fixed("eth_createAccessList, one slot written", "eth_createAccessList", count),
    fixed("eth_simulateV1, one slot written", "eth_simulateV1", simulated, "latest"),
  ];
}

class RpcBench {
  readonly #options: RpcBenchOptions;
  readonly #info: DevnetInfo;
  readonly #url: string;
  readonly #pid: number;
  readonly #poster = new RpcPoster(PARALLEL);
  /** Microseconds a millisecond that the node uses without being asked. */
  #idle = { main: 0, all: 0 };

  constructor(options: RpcBenchOptions, info: DevnetInfo) {
    this.#options = options;
    this.#info = info;
    this.#url = info.chains[0]?.rpc[0] ?? "";
    const node = info.nodes.find(({ rpc }) => this.#url.startsWith(`${rpc}/`));
    if (node === undefined) throw new RangeError("the devnet's chain has no node");
    this.#pid = node.pid;
  }

  async run(): Promise<readonly Row[]> {
    const { address: counter, hash } = await deployCounter(this.#info);
    const user = this.#info.accounts[0]?.address ?? "";
    const before = this.#spent();
    await sleep(IDLE_MS);
    const after = this.#spent();
    this.#idle = { main: (after.main - before.main) / IDLE_MS, all: (after.all - before.all) / IDLE_MS };
    const rows: Row[] = [];
    for (const one of [...lookups(user, counter, hash), ...executions(user, counter)]) {
      for (const batch of BATCHES) rows.push(await this.#asked(one, batch, this.#options.seconds * 1_000));
    }
    for (const batch of BATCHES) {
      rows.push(await this.#sent("a transfer", batch, (senders) => senders.transfer()));
      rows.push(await this.#sent("one slot written", batch, (senders) => senders.count(counter)));
    }
    return rows;
  }

  close(): void {
    this.#poster.close();
  }

  #spent(): { readonly main: number; readonly all: number; readonly at: number } {
    return { main: mainThreadTime(this.#pid), all: processorTime(this.#pid), at: performance.now() };
  }

  /** The same question again and again. */
  async #asked({ name, calls }: Case, batch: number, milliseconds: number): Promise<Row> {
    const body = bodyOf(calls(batch));
    await this.#for(300, async () => body);
    return await this.#measured(name, calls(1)[0]?.method ?? "", batch, () =>
      this.#for(milliseconds, async () => body),
    );
  }

  /** Transactions to one of the members, until the last of them is mined: the whole way through that member. */
  async #sent(what: string, batch: number, sign: (senders: Senders) => string): Promise<Row> {
    const method = "eth_sendRawTransaction";
    const chainId = this.#info.chains[0]?.chainId ?? 0;
    const senders = new Senders(chainId, Math.floor(Math.random() * 2 ** 40), SENDERS);
    const count = 500 * this.#options.seconds;
    const raws = Array.from({ length: count }, () => sign(senders));
    const first = Number(await call<string>(this.#url, "eth_blockNumber"));
    return await this.#measured(`${method}, ${what}`, method, batch, async () => {
      const next = async (): Promise<string | undefined> => {
        const part = raws.splice(0, batch).map((raw): Asked => ({ method, params: [raw] }));
        return part.length === 0 ? undefined : bodyOf(part);
      };
      const counts = await this.#for(Number.POSITIVE_INFINITY, next);
      await this.#mined(first, counts.answered);
      return counts;
    });
  }

  async #mined(from: number, count: number): Promise<void> {
    let height = from;
    let mined = 0;
    await until("the transactions", 60_000, async () => {
      const block = await call<{ readonly transactions: readonly string[] } | null>(
        ...([this.#url, "eth_getBlockByNumber", `0x${(height + 1).toString(16)}`, false] as const),
      );
      if (block === null) return false;
      height++;
      mined += block.transactions.length;
      return mined >= count;
    });
  }

  async #measured(name: string, method: string, batch: number, work: () => Promise<Counts>): Promise<Row> {
    const before = this.#spent();
    const { answered, refused } = await work();
    const after = this.#spent();
    const elapsed = after.at - before.at;
    const main = (after.main - before.main - this.#idle.main * elapsed) / Math.max(1, answered);
    const all = (after.all - before.all - this.#idle.all * elapsed) / Math.max(1, answered);
    const row: Row = {
      ...{ call: name, batch, answered, refused },
      mainMicroseconds: Number(main.toFixed(1)),
      processMicroseconds: Number(all.toFixed(1)),
      units: Number((main / UNIT_MICROSECONDS).toFixed(2)),
      weight: weightOf(method),
    };
    this.#options.progress(JSON.stringify(row));
    return row;
  }

  /** Posts what `next` gives, some at once, until it gives nothing or the time is over. */
  async #for(milliseconds: number, next: () => Promise<string | undefined>): Promise<Counts> {
    const end = performance.now() + milliseconds;
    let answered = 0;
    let refused = 0;
    const lane = async (): Promise<void> => {
      while (performance.now() < end) {
        const body = await next();
        if (body === undefined) return;
        const { text } = await this.#poster.post(this.#url, body);
        const parsed = JSON.parse(text) as Answer | readonly Answer[];
        for (const { error } of Array.isArray(parsed) ? (parsed as readonly Answer[]) : [parsed as Answer]) {
          if (error === undefined) answered++;
          else refused++;
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, lane));
    return { answered, refused };
  }
}

type Answer = { readonly error?: unknown };
type Counts = { readonly answered: number; readonly refused: number };

/** Of one member of a devnet; the load shares the machine. */
export async function benchRpc(options: RpcBenchOptions): Promise<unknown> {
  const devnet = await Devnet.start({ nodes: MEMBERS, arguments: ["--rpc-units", String(UNITS)] });
  try {
    const bench = new RpcBench(options, devnet.info);
    const rows = await bench.run().finally(() => bench.close());
    const machine = { processors: cpus().length, model: cpus()[0]?.model };
    return { benchmark: "rpc", seconds: options.seconds, members: MEMBERS, machine, rows };
  } finally {
    await devnet.dispose();
  }
}
