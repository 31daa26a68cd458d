// The chain benchmark: ERC-20 transfers a second, finality, and what a transaction costs each node, on a devnet of real
// processes. Load generator and nodes share the machine, so the figures are of the whole.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { folderBytes } from "@tributary/node/host/folder-bytes";
import { concatHex, encodeAbiParameters, encodeFunctionData, keccak256, toHex } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { Devnet, type DevnetInfo } from "../devnet/devnet.ts";
import { processorTime, proportionalSetSize, sleep, until } from "../devnet/processes.ts";
import { call } from "../devnet/rpc.ts";
import { readCounters } from "./metrics.ts";
import { percentile } from "./percentile.ts";

export type ChainBenchOptions = {
  readonly members: number;
  /** Seconds of full load that are measured. */
  readonly seconds: number;
  /** Seconds of full load before: processes that have just started run code that is not compiled yet. */
  readonly warmUp: number;
  /** Transfers at one a second whose finality is measured. */
  readonly samples: number;
  readonly progress: (line: string) => void;
};

type Receipt = {
  readonly blockNumber: `0x${string}`;
  readonly status: string;
  readonly contractAddress: `0x${string}`;
};

const root = resolve(import.meta.dirname, "../../../..");
const project = join(root, "e2e/foundry");
/** A batch of each of sixteen members. */
const SENDERS = 400;
/**
 * Transactions per JSON-RPC batch, each of another sender, and how many may wait unmined over all senders. A sender
 * stays with its member, as a wallet does.
 */
const BATCH = 25;
const OUTSTANDING = 4_000;
/** Transfers a second that are signed beforehand, for few and for many members: more than any machine so far took. */
const MOST_PER_SECOND = { few: 2_500, many: 1_000 };
/** Request budget of a node: the chain is to end the speed, not what a node gives to JSON-RPC by default. */
const RPC_UNITS = 20_000;
/** Milliseconds before a transaction that the RPC did not take is sent again. */
const RETRY_MS = 250;
/** Of an idle chain, which is measured after a while without transactions. */
const IDLE_MS = 60_000;
const SETTLE_MS = 10_000;
/** A transfer to a new account needs 52 000. */
const TRANSFER_GAS = 65_000n;

const transferAbi = [
  {
    type: "function",
    name: "transfer",
    stateMutability: "nonpayable",
    inputs: [
      { name: "to", type: "address" },
      { name: "value", type: "uint256" },
    ],
    outputs: [{ type: "bool" }],
  },
] as const;

class Bench {
  readonly info: DevnetInfo;
  readonly chain: DevnetInfo["chains"][number];
  readonly accounts: readonly PrivateKeyAccount[];
  readonly nonces: number[];
  token: `0x${string}` = "0x";

  constructor(info: DevnetInfo) {
    this.info = info;
    const chain = info.chains[0];
    if (chain === undefined) throw new RangeError("the devnet has no chain");
    this.chain = chain;
    // Those of the full load, and one at each member for the light one.
    const senders = SENDERS + chain.rpc.length;
    this.accounts = Array.from({ length: senders }, (_, i) => privateKeyToAccount(keccak256(toHex(`bench ${i}`))));
    this.nonces = this.accounts.map(() => 0);
  }

  async deploy(): Promise<void> {
    execFileSync(join(root, "node_modules/.bin/forge"), ["build"], { cwd: project, stdio: "ignore" });
    const artifact = JSON.parse(readFileSync(join(project, "out/Token.sol/Token.json"), "utf8")) as {
      bytecode: { object: `0x${string}` };
    };
    const owner = privateKeyToAccount(this.info.accounts[0]?.privateKey ?? "0x");
    const url = this.member(0);
    const nonce = Number(await call<string>(url, "eth_getTransactionCount", owner.address, "pending"));
    const raw = await owner.signTransaction({
      chainId: this.chain.chainId,
      nonce,
      gas: 25_000_000n,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      data: concatHex([
        artifact.bytecode.object,
        encodeAbiParameters(
          [{ type: "address[]" }, { type: "uint256" }],
          [this.accounts.map((account) => account.address), 10n ** 24n],
        ),
      ]),
    });
    const hash = await call<`0x${string}`>(url, "eth_sendRawTransaction", raw);
    const receipt = await until("the token", 30_000, async () => (await this.receipt(0, hash)) ?? undefined);
    if (receipt.status !== "0x1") throw new RangeError("the token's creation failed");
    this.token = receipt.contractAddress;
  }

  member(turn: number): string {
    return this.chain.rpc[turn % this.chain.rpc.length] ?? "";
  }

  receipt(member: number, hash: `0x${string}`): Promise<Receipt | null> {
    return call<Receipt | null>(this.member(member), "eth_getTransactionReceipt", hash);
  }

  /** The next transfer of a sender to an account drawn from the sender's own sequence. */
  async sign(sender: number): Promise<`0x${string}`> {
    const account = this.accounts[sender];
    if (account === undefined) throw new RangeError("no such sender");
    const nonce = this.nonces[sender] ?? 0;
    this.nonces[sender] = nonce + 1;
    const to = keccak256(toHex(`to ${sender} ${nonce}`)).slice(0, 42) as `0x${string}`;
    return await account.signTransaction({
      chainId: this.chain.chainId,
      nonce,
      to: this.token,
      gas: TRANSFER_GAS,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      data: encodeFunctionData({ abi: transferAbi, functionName: "transfer", args: [to, 1n] }),
    });
  }

  /** Milliseconds from sending to the receipt at the accepting member, one transfer a second. */
  async lightLoad(samples: number, progress: (line: string) => void): Promise<LightLoad> {
    const found: number[] = [];
    const before = this.costs();
    const countersBefore = await readCounters(this.info);
    const startHead = await this.head();
    for (let i = 0; i < samples; i++) {
      const start = performance.now();
      const raw = await this.sign(SENDERS + (i % this.chain.rpc.length));
      const sent = performance.now();
      const hash = await call<`0x${string}`>(this.member(i), "eth_sendRawTransaction", raw);
      await until("the receipt", 30_000, async () => (await this.receipt(i, hash)) !== null, 4);
      found.push(performance.now() - sent);
      if (i % 20 === 19) progress(`light load: ${i + 1} of ${samples}`);
      await sleep(Math.max(0, 1_000 - (performance.now() - start)));
    }
    found.sort((a, b) => a - b);
    const heights = (await this.head()) - startHead;
    return {
      samples,
      p50: percentile(found, 0.5),
      p95: percentile(found, 0.95),
      unit: "ms",
      heights,
      processorMsPerHeightPerNode: (this.costs() - before) / 1000 / this.info.nodes.length / Math.max(1, heights),
      perHeight: this.growth(countersBefore, await readCounters(this.info), heights),
    };
  }

  /** What the nodes need while nobody wants anything of them. */
  async idle(): Promise<Idle> {
    await sleep(SETTLE_MS);
    const [at, costs, head] = [performance.now(), this.costs(), await this.head()];
    await sleep(IDLE_MS);
    const elapsed = performance.now() - at;
    return {
      seconds: elapsed / 1000,
      heights: (await this.head()) - head,
      processorSharePerNode: (this.costs() - costs) / 1000 / elapsed / this.info.nodes.length,
    };
  }

  /**
   * Keeps OUTSTANDING transfers waiting for `warmUp` and then `seconds`; a client for each BATCH of senders. Measured
   * from the first height after the warm-up to the first one after those seconds.
   */
  async fullLoad(
    { seconds, warmUp }: { readonly seconds: number; readonly warmUp: number },
    progress: (line: string) => void,
  ): Promise<Throughput> {
    const most = MOST_PER_SECOND[this.info.nodes.length > 7 ? "many" : "few"];
    const supply = await this.signed((seconds + warmUp) * most + 2 * OUTSTANDING);
    progress(`full load: ${supply.length} transfers signed`);
    const startHead = await this.head();
    let loading = true;
    let sent = 0;
    let refused = 0;
    let mined = 0;
    let head = startHead;
    const client = async (group: number): Promise<void> => {
      for (let next = group * BATCH; loading; next += SENDERS) {
        while (loading && sent - mined >= OUTSTANDING) await sleep(5);
        let batch: readonly `0x${string}`[] = supply.slice(next, next + BATCH);
        if (batch.length === 0) throw new RangeError("the chain took more than was signed beforehand");
        sent += batch.length;
        while (loading && batch.length > 0) {
          batch = await this.sendBatch(group, batch);
          refused += batch.length;
          if (batch.length > 0) await sleep(RETRY_MS);
        }
      }
    };
    const watch = async (): Promise<void> => {
      while (loading) {
        const now = await this.head();
        for (; head < now; head++) mined += await this.transactionsIn(head + 1);
        await sleep(20);
      }
    };
    const look = async () => {
      const last = head;
      await until("a height", 60_000, async () => head > last, 5);
      const [at, costs] = [performance.now(), this.costs()];
      const counts = { head, mined, sent, refused };
      return { ...counts, at, costs, counters: await readCounters(this.info), bytes: await this.chainBytes() };
    };
    const measure = async () => {
      try {
        await sleep(warmUp * 1000);
        const first = await look();
        progress(`full load: warmed up by ${first.mined} transfers in ${first.head - startHead} heights`);
        await sleep(seconds * 1000);
        return [first, await look()] as const;
      } finally {
        loading = false;
      }
    };
    const clients = Array.from({ length: SENDERS / BATCH }, (_, group) => client(group));
    const [[first, last]] = await Promise.all([measure(), watch(), ...clients]);
    const elapsed = (last.at - first.at) / 1000;
    const transactions = last.mined - first.mined;
    const heights = last.head - first.head;
    const each = this.info.nodes.length * Math.max(1, transactions);
    return {
      warmUpSeconds: warmUp,
      seconds: elapsed,
      transactions,
      perSecond: transactions / elapsed,
      sent: last.sent - first.sent,
      refused: last.refused - first.refused,
      heights,
      transactionsPerHeight: transactions / Math.max(1, heights),
      diskBytesPerTransactionPerNode: (last.bytes - first.bytes) / each,
      microsecondsPerTransactionPerNode: (last.costs - first.costs) / each,
      perHeight: this.growth(first.counters, last.counters, heights),
    };
  }

  async signed(count: number): Promise<readonly `0x${string}`[]> {
    const supply: `0x${string}`[] = [];
    for (let i = 0; i < count; i++) {
      supply.push(await this.sign(i % SENDERS));
      // Else nobody notices meanwhile that a member closed an idle connection, and the first request is sent into it.
      if (i % 1_000 === 0) await sleep(0);
    }
    return supply;
  }

  /** Until no member holds a transaction that can be executed. */
  async drained(): Promise<void> {
    for (const [i] of this.chain.rpc.entries()) {
      await until("an empty pool", 120_000, async () => {
        const { pending } = await call<{ pending: string }>(this.member(i), "txpool_status");
        return Number(pending) === 0;
      });
    }
  }

  /** What the counters of all nodes grew by, per node and height. */
  growth(before: Counters, after: Counters, heights: number): Counters {
    return Object.fromEntries(
      Object.entries(after).map(([name, value]) => [
        name,
        (value - (before[name] ?? 0)) / this.info.nodes.length / Math.max(1, heights),
      ]),
    );
  }

  costs(): number {
    return this.info.nodes.reduce((sum, node) => sum + processorTime(node.pid), 0);
  }

  /** In the chain's folders of all nodes. */
  async chainBytes(): Promise<number> {
    const folders = this.info.nodes.map(({ dataDir }) => join(dataDir, "chains", String(this.chain.chainId)));
    return (await Promise.all(folders.map(folderBytes))).reduce((sum, bytes) => sum + bytes, 0);
  }

  async head(): Promise<number> {
    return Number(await call<string>(this.member(0), "eth_blockNumber"));
  }

  async transactionsIn(number: number): Promise<number> {
    return Number(await call<string>(this.member(0), "eth_getBlockTransactionCountByNumber", toHex(number)));
  }

  /** Gives back what was not taken. */
  async sendBatch(turn: number, batch: readonly `0x${string}`[]): Promise<readonly `0x${string}`[]> {
    const response = await fetch(this.member(turn), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(
        batch.map((raw, id) => ({ jsonrpc: "2.0", id, method: "eth_sendRawTransaction", params: [raw] })),
      ),
    });
    const answers = (await response.json()) as { error?: { message: string } }[];
    return Array.isArray(answers) ? batch.filter((_, i) => answers[i]?.error !== undefined) : batch;
  }
}

type Counters = Readonly<Record<string, number>>;

type LightLoad = {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly unit: "ms";
  readonly heights: number;
  /** Everything that the nodes do in between included. */
  readonly processorMsPerHeightPerNode: number;
  readonly perHeight: Counters;
};

type Idle = {
  readonly seconds: number;
  readonly heights: number;
  /** Of one core. */
  readonly processorSharePerNode: number;
};

type Throughput = {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly transactions: number;
  readonly perSecond: number;
  /** Transactions sent, and refusals of the RPC (its budget or the pool was full): such a one is sent again. */
  readonly sent: number;
  readonly refused: number;
  readonly heights: number;
  readonly transactionsPerHeight: number;
  /** State, blocks, receipts, indices, containers and logs: nothing is pruned so early, and not all is compacted. */
  readonly diskBytesPerTransactionPerNode: number;
  readonly microsecondsPerTransactionPerNode: number;
  readonly perHeight: Counters;
};

/** Runs the whole benchmark and gives its figures as one JSON-able object. */
export async function benchChain(options: ChainBenchOptions): Promise<unknown> {
  const settings = ["--rpc-units", String(RPC_UNITS)];
  const devnet = await Devnet.start({ nodes: options.members, timeout: 300_000, arguments: settings });
  try {
    const bench = new Bench(devnet.info);
    await bench.deploy();
    options.progress(`devnet of ${options.members} is up, token ${bench.token}`);
    const full = await bench.fullLoad(options, options.progress);
    const memory = devnet.info.nodes.reduce((sum, node) => sum + proportionalSetSize(node.pid), 0);
    // Last, so that the code that is measured is compiled, as that of a chain that runs is.
    await bench.drained();
    const light = await bench.lightLoad(options.samples, options.progress);
    options.progress("idle: a minute");
    const idle = await bench.idle();
    return {
      benchmark: "chain",
      members: options.members,
      machine: { processors: cpus().length, model: cpus()[0]?.model },
      lightLoad: light,
      fullLoad: full,
      idle,
      nodesProportionalSetSize: memory,
    };
  } finally {
    await devnet.dispose();
  }
}
