import type { Hex } from "viem";
import type { DevnetInfo } from "../../devnet/devnet.ts";
import { mainThreadTime, residentSize, sleep } from "../../devnet/processes.ts";
import { call } from "../../devnet/rpc.ts";
import { type Asked, bodyOf, RpcPoster } from "../rpc/client.ts";
import { countIn } from "../rpc/counter.ts";
import { Senders } from "../rpc/senders.ts";
import { type Offer, OpenLoop, type Outcome } from "./open-loop.ts";

export type LoadOptions = {
  /** Requests a second over all members, in batches. */
  readonly calls: number;
  readonly transactions: number;
  readonly seconds: number;
};

export type Loaded = {
  readonly calls: Outcome;
  readonly transactions: Outcome;
  readonly heights: number;
  readonly heightsPerSecond: number;
  readonly mined: number;
  /** Resident bytes of a node at most, while the load ran. */
  readonly mostResident: number;
  /** Part of the time that the nodes' main threads ran, on average. */
  readonly mainThreads: number;
};

const BATCH = 50;
const SOCKETS = 256;
const SAMPLE_MS = 250;
/** Transactions a second that make a chain without other load produce blocks. */
const TRICKLE = 20;

/** Load for one chain of a devnet, made of requests that are ready before it begins. */
export class RpcLoad {
  readonly #info: DevnetInfo;
  readonly #chain: DevnetInfo["chains"][number];
  readonly #counter: Hex;
  /** No account twice, in a process: each sends once, so that nothing waits for what was refused. */
  #accounts = Math.floor(Math.random() * 2 ** 40);

  constructor(info: DevnetInfo, counter: Hex) {
    const [chain] = info.chains;
    if (chain === undefined) throw new RangeError("the devnet has no chain");
    this.#info = info;
    this.#chain = chain;
    this.#counter = counter;
  }

  /** Heights a second while only a few transactions come. */
  async quiet(seconds: number): Promise<number> {
    const bodies = this.#transactions(TRICKLE * seconds, 1);
    const poster = new RpcPoster(SOCKETS);
    try {
      const first = await this.head();
      const start = performance.now();
      await new OpenLoop(poster).run({ perSecond: TRICKLE, seconds, next: this.#inTurn(bodies, 1) });
      return ((await this.head()) - first) / ((performance.now() - start) / 1_000);
    } finally {
      poster.close();
    }
  }

  async run({ calls, transactions, seconds }: LoadOptions): Promise<Loaded> {
    const sends = this.#transactions(transactions * seconds, BATCH);
    const call: Asked = { method: "eth_call", params: [{ to: this.#counter, data: countIn(1) }, "latest"] };
    const body = bodyOf(new Array<Asked>(BATCH).fill(call));
    const asks = new Array<string>(Math.round((calls * seconds) / BATCH)).fill(body);
    const posters = [new RpcPoster(SOCKETS), new RpcPoster(SOCKETS)] as const;
    const watched = new Watch(this.#info);
    try {
      const first = await this.head();
      const start = performance.now();
      const done = Promise.all([
        new OpenLoop(posters[0]).run({ perSecond: calls / BATCH, seconds, next: this.#inTurn(asks, BATCH) }),
        new OpenLoop(posters[1]).run({ perSecond: transactions / BATCH, seconds, next: this.#inTurn(sends, BATCH) }),
      ]);
      await sleep(seconds * 1_000);
      const last = await this.head();
      const elapsed = (performance.now() - start) / 1_000;
      const { mainThreads, mostResident } = watched.end();
      const [asked, sent] = await done;
      const mined = await this.mined(first, last);
      const heights = last - first;
      return {
        ...{ calls: asked, transactions: sent, heights, heightsPerSecond: heights / elapsed },
        ...{ mined, mostResident, mainThreads },
      };
    } finally {
      watched.end();
      for (const poster of posters) poster.close();
    }
  }

  #transactions(count: number, batch: number): string[] {
    const senders = new Senders(this.#chain.chainId, this.#accounts, count);
    this.#accounts += count;
    const bodies: string[] = [];
    for (let from = 0; from < count; from += batch) {
      const size = Math.min(batch, count - from);
      bodies.push(
        bodyOf(
          Array.from({ length: size }, () => ({
            method: "eth_sendRawTransaction",
            params: [senders.count(this.#counter)],
          })),
        ),
      );
    }
    return bodies;
  }

  /** The bodies to the members in turn. */
  #inTurn(bodies: readonly string[], count: number): () => Offer | undefined {
    const { rpc } = this.#chain;
    let place = 0;
    return () => {
      const body = bodies[place];
      const url = rpc[place++ % rpc.length];
      return body === undefined || url === undefined ? undefined : { url, body, count };
    };
  }

  /** The highest that any member has; not asked by JSON-RPC, which may be refused. */
  async head(): Promise<number> {
    const asked = this.#info.nodes.map(({ rpc }) => heightOf(rpc, this.#chain.chainId).catch(() => -1));
    return Math.max(...(await Promise.all(asked)));
  }

  /** Transactions in the blocks after `first`, up to `last`. */
  async mined(first: number, last: number): Promise<number> {
    let mined = 0;
    for (let height = first + 1; height <= last; height++) mined += await this.#transactionsIn(height);
    return mined;
  }

  async #transactionsIn(height: number): Promise<number> {
    const number = `0x${height.toString(16)}`;
    for (;;) {
      for (const url of this.#chain.rpc) {
        const count = await call<Hex | null>(url, "eth_getBlockTransactionCountByNumber", number).catch(() => null);
        if (count !== null) return Number(count);
      }
      await sleep(SAMPLE_MS);
    }
  }
}

async function heightOf(rpc: string, chainId: number): Promise<number> {
  const health = await (await fetch(`${rpc}/health`)).json();
  return (health as { readonly chains: Record<string, { readonly height: number }> }).chains[chainId]?.height ?? -1;
}

/** What the nodes' processes use while it runs. */
class Watch {
  readonly #pids: readonly number[];
  readonly #from: number;
  readonly #begun = performance.now();
  readonly #timer: NodeJS.Timeout;
  #most = 0;

  constructor(info: DevnetInfo) {
    this.#pids = info.nodes.map(({ pid }) => pid);
    this.#from = this.#spent();
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  end(): { readonly mainThreads: number; readonly mostResident: number } {
    clearInterval(this.#timer);
    this.#look();
    const microseconds = (performance.now() - this.#begun) * 1_000 * this.#pids.length;
    return { mainThreads: (this.#spent() - this.#from) / microseconds, mostResident: this.#most };
  }

  #spent(): number {
    return this.#pids.reduce((sum, pid) => sum + mainThreadTime(pid), 0);
  }

  #look(): void {
    this.#most = Math.max(this.#most, ...this.#pids.map((pid) => residentSize(pid)));
  }
}
