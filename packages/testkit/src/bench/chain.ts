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
  /** Seconds of full load. */
  readonly seconds: number;
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
const OUTSTANDING = 2_000;
/** Transfers a second that are signed beforehand: more than any machine so far took. */
const MOST_PER_SECOND = 2_500;
/** Request budget of a node: the chain is to end the speed, not what a node gives to JSON-RPC by default. */
const RPC_UNITS = 20_000;
/** Milliseconds before a transaction that the RPC did not take is sent again. */
const RETRY_MS = 250;
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
    this.accounts = Array.from({ length: SENDERS }, (_, i) => privateKeyToAccount(keccak256(toHex(`bench ${i}`))));
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
    const account = this.accounts[sender % SENDERS];
    if (account === undefined) throw new RangeError("no such sender");
    const nonce = this.nonces[sender % SENDERS] ?? 0;
    this.nonces[sender % SENDERS] = nonce + 1;
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
      const raw = await this.sign(i);
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
      perHeight: await this.perHeight(countersBefore, heights),
    };
  }

  /** Full load for `seconds`: keeps OUTSTANDING transfers waiting, sent to the members in turn. */
  async fullLoad(seconds: number, progress: (line: string) => void): Promise<Throughput> {
    const supply: `0x${string}`[] = [];
    const ready = seconds * MOST_PER_SECOND;
    for (let i = 0; i < ready; i++) supply.push(await this.sign(i));
    progress(`full load: ${ready} transfers signed`);
    const before = this.costs();
    const countersBefore = await readCounters(this.info);
    const startHead = await this.head();
    const bytesBefore = await this.chainBytes();
    const start = performance.now();
    let sent = 0;
    let refused = 0;
    let mined = 0;
    let head = startHead;
    const end = start + seconds * 1000;
    const submit = async (): Promise<void> => {
      while (performance.now() < end && sent < supply.length) {
        if (sent - mined >= OUTSTANDING) {
          await sleep(5);
          continue;
        }
        let batch: readonly `0x${string}`[] = supply.slice(sent, sent + BATCH);
        const member = (sent / BATCH) % (SENDERS / BATCH);
        sent += batch.length;
        for (;;) {
          batch = await this.sendBatch(member, batch);
          refused += batch.length;
          if (batch.length === 0 || performance.now() > end) break;
          await sleep(RETRY_MS);
        }
      }
    };
    const watch = async (): Promise<void> => {
      while (performance.now() < end) {
        const now = await this.head();
        for (; head < now; head++) mined += await this.transactionsIn(head + 1);
        await sleep(20);
      }
    };
    await Promise.all([submit(), submit(), submit(), submit(), watch()]);
    const elapsed = (performance.now() - start) / 1000;
    const after = this.costs();
    const bytes = (await this.chainBytes()) - bytesBefore;
    const heights = head - startHead;
    return {
      seconds: elapsed,
      transactions: mined,
      perSecond: mined / elapsed,
      sent,
      refused,
      heights,
      transactionsPerHeight: mined / Math.max(1, heights),
      diskBytesPerTransactionPerNode: bytes / this.info.nodes.length / Math.max(1, mined),
      microsecondsPerTransactionPerNode: (after - before) / this.info.nodes.length / Math.max(1, mined),
      perHeight: await this.perHeight(countersBefore, heights),
    };
  }

  /** What the counters of all nodes grew by since `before`, per node and height. */
  async perHeight(before: Counters, heights: number): Promise<Counters> {
    return Object.fromEntries(
      Object.entries(await readCounters(this.info)).map(([name, value]) => [
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

type Throughput = {
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
    const light = await bench.lightLoad(options.samples, options.progress);
    const full = await bench.fullLoad(options.seconds, options.progress);
    const memory = devnet.info.nodes.reduce((sum, node) => sum + proportionalSetSize(node.pid), 0);
    return {
      benchmark: "chain",
      members: options.members,
      machine: { processors: cpus().length, model: cpus()[0]?.model },
      lightLoad: light,
      fullLoad: full,
      nodesProportionalSetSize: memory,
    };
  } finally {
    await devnet.dispose();
  }
}
