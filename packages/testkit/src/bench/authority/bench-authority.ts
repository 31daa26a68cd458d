// Requests a second through a backend's HTTP door to a mined transaction: the controller that everybody writes first, a
// queue, and the pool, on anvil with a block a second and on a devnet. Clients, backend and chain share the machine.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createSigningPool, mnemonicSigners } from "@tributary/authority";
import { Anvil, MNEMONIC } from "@tributary/authority/anvil.fixture";
import { type RpcCall, RpcClient } from "@tributary/authority/rpc/rpc-client";
import { isRateLimit } from "@tributary/authority/rpc/wording";
import { bytesToHex, type Hex, pad, toHex } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { Devnet } from "../../devnet/devnet.ts";
import { processorTime } from "../../devnet/processes.ts";
import { COUNTER_CODE } from "../rpc/counter.ts";
import type { BackendPlan } from "./backend.ts";
import { type LoadResult, load } from "./load.ts";

export type AuthorityBenchOptions = {
  readonly seconds: number;
  /** Sizes of the pool. */
  readonly signers: readonly number[];
  readonly chains: readonly ("anvil" | "devnet")[];
  readonly progress: (line: string) => void;
};

type Mode = Pick<BackendPlan, "kind" | "signers"> & { readonly maxInFlight?: number; readonly clients: number };

type Row = LoadResult & {
  readonly chain: string;
  readonly kind: string;
  readonly signers: number;
  readonly inFlight: number | string;
  readonly processorMs: Costs;
  /** Words of the counter contract that were counted, and those counted more than once. */
  readonly counted: number;
  readonly twice: number;
};

const PROGRAM = join(import.meta.dirname, "backend.ts");
/** Of each member's request budget a second: the chain is to be what ends the pool's speed. */
const RPC_UNITS = 20_000;
/** Slots in one request for what was counted, and milliseconds that one may take. */
const COUNT_BATCH = 50;
const COUNT_MS = 60_000;

function modes(sizes: readonly number[]): readonly Mode[] {
  return [
    { kind: "naive", signers: 1, clients: 100 },
    { kind: "queue", signers: 1, clients: 5 },
    ...sizes.map((signers): Mode => ({ kind: "pool", signers, maxInFlight: 1, clients: 2 * signers })),
    ...sizes.map((signers): Mode => ({ kind: "pool", signers, clients: signers === 1 ? 500 : 1_500 })),
  ];
}

type Chain = {
  readonly name: string;
  readonly rpcUrl: readonly string[];
  /** Processes of its nodes. */
  readonly pids: readonly number[];
  readonly stop: () => Promise<void>;
};

/** Processor time for a request that was mined, in milliseconds: it holds on a machine that others use too. */
type Costs = { readonly chain: number; readonly backend: number; readonly clients: number };

async function startChain(name: "anvil" | "devnet"): Promise<Chain> {
  if (name === "anvil") {
    const anvil = await Anvil.start("--block-time", "1", "--accounts", "64", "--gas-limit", "200000000");
    return { name: "anvil, a block a second", rpcUrl: [anvil.rpc], pids: [anvil.pid], stop: () => anvil.stop() };
  }
  const settings = ["--rpc-units", String(RPC_UNITS)];
  const devnet = await Devnet.start({ nodes: 4, timeout: 300_000, arguments: settings });
  const rpcUrl = devnet.info.chains[0]?.rpc ?? [];
  return {
    name: "devnet of 4 members",
    rpcUrl,
    pids: devnet.info.nodes.map(({ pid }) => pid),
    stop: () => devnet.dispose(),
  };
}

function singleKey(): Hex {
  const key = mnemonicToAccount(MNEMONIC).getHdKey().privateKey;
  if (key === null) throw new Error("the mnemonic gives no key");
  return bytesToHex(key);
}

function startBackend(plan: BackendPlan): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(plan)], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve({ child, port: Number(chunk.toString("utf8")) }));
    child.once("exit", () => reject(new Error("the backend ended")));
    child.once("error", reject);
  });
}

class AuthorityBench {
  readonly #options: AuthorityBenchOptions;
  readonly #chain: Chain;
  readonly #folder: string;
  readonly #to: Hex;
  #words = 0;

  constructor(options: AuthorityBenchOptions, chain: Chain, folder: string, to: Hex) {
    this.#options = options;
    this.#chain = chain;
    this.#folder = folder;
    this.#to = to;
  }

  async measure(mode: Mode): Promise<Row> {
    const { kind, signers, maxInFlight, clients } = mode;
    const apiKey = randomBytes(32).toString("base64url");
    const store = join(this.#folder, `${randomBytes(8).toString("hex")}.db`);
    const common = { rpcUrl: this.#chain.rpcUrl, mnemonic: MNEMONIC, key: singleKey(), store, apiKey };
    const more = maxInFlight === undefined ? {} : { maxInFlight };
    const { child, port } = await startBackend({ ...common, ...more, kind, signers });
    const first = this.#words;
    const url = `http://127.0.0.1:${port}/v1/transactions?wait=mined`;
    const word = (): Hex => pad(toHex(++this.#words), { size: 32 });
    const { seconds } = this.#options;
    const before = this.#spent(child);
    const result = await load({ url, apiKey, clients, seconds, to: this.#to, word });
    const processorMs = costs(before, this.#spent(child), result.requests - result.failures);
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    const counts = await this.#counts(first);
    return {
      chain: this.#chain.name,
      kind,
      signers,
      inFlight: kind === "pool" ? (maxInFlight ?? "default") : kind === "queue" ? 1 : "all",
      ...result,
      processorMs,
      counted: counts.filter((count) => count > 0).length,
      twice: counts.filter((count) => count > 1).length,
    };
  }

  /** Microseconds so far. */
  #spent({ pid = 0 }: ChildProcess): Costs {
    const { user, system } = process.cpuUsage();
    const chain = this.#chain.pids.reduce((sum, each) => sum + processorTime(each), 0);
    return { chain, backend: processorTime(pid), clients: user + system };
  }

  /** Asked of all members in turn; what one has no time for is asked again. */
  async #counts(first: number): Promise<number[]> {
    const rpc = new RpcClient({ urls: this.#chain.rpcUrl, timeoutMs: 15_000, maxBatch: COUNT_BATCH });
    const counts: number[] = [];
    try {
      for (let word = first + 1; word <= this.#words; word += COUNT_BATCH) {
        const length = Math.min(COUNT_BATCH, this.#words - word + 1);
        const calls = Array.from({ length }, (_, index): RpcCall => {
          const slot = pad(toHex(word + index), { size: 32 });
          return { method: "eth_getStorageAt", params: [this.#to, slot, "latest"] };
        });
        counts.push(...(await answered(rpc, calls, counts.length / COUNT_BATCH)).map(Number));
      }
    } finally {
      rpc.close();
    }
    return counts;
  }
}

function costs(before: Costs, after: Costs, requests: number): Costs {
  const each = (of: keyof Costs): number =>
    Number(((after[of] - before[of]) / 1_000 / Math.max(1, requests)).toFixed(2));
  return { chain: each("chain"), backend: each("backend"), clients: each("clients") };
}

/** Results of all calls, however often that takes. */
async function answered(rpc: RpcClient, calls: readonly RpcCall[], lane: number): Promise<unknown[]> {
  const results = new Array<unknown>(calls.length).fill(undefined);
  let open = calls.map((_, index) => index);
  while (open.length > 0) {
    const asked = open;
    const questions = asked.map((index) => calls[index] as RpcCall);
    const answers = await rpc.patiently(COUNT_MS, () => rpc.batch(questions, lane));
    for (const [place, index] of asked.entries()) {
      const answer = answers[place];
      if (answer?.ok === true) results[index] = answer.result;
      else if (answer === undefined || !isRateLimit(answer.code, answer.message))
        throw new Error(`the counter cannot be read: ${answer?.message ?? "no answer"}`);
    }
    open = asked.filter((_, place) => answers[place]?.ok !== true);
  }
  return results;
}

async function deploy(chain: Chain): Promise<Hex> {
  const signers = [mnemonicSigners(MNEMONIC)(0)];
  const pool = await createSigningPool({ signers, rpcUrl: chain.rpcUrl, size: 1, store: ":memory:", confirmations: 1 });
  try {
    const { contractAddress } = await pool.send({ data: COUNTER_CODE });
    if (contractAddress === undefined) throw new Error("the counter was not created");
    return contractAddress;
  } finally {
    await pool.close();
  }
}

/** Figures are hints: they are those of this machine, with whatever else it does. */
export async function benchAuthority(options: AuthorityBenchOptions): Promise<unknown> {
  const rows: Row[] = [];
  for (const name of options.chains) {
    const folder = mkdtempSync(join(tmpdir(), "authority-bench-"));
    const chain = await startChain(name);
    try {
      const bench = new AuthorityBench(options, chain, folder, await deploy(chain));
      for (const mode of modes(options.signers)) {
        const row = await bench.measure(mode);
        rows.push(row);
        options.progress(JSON.stringify(row));
      }
    } finally {
      await chain.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const machine = { processors: cpus().length, model: cpus()[0]?.model };
  return { benchmark: "authority", seconds: options.seconds, machine, rows };
}
