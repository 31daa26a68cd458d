// The state benchmark: blocks of token transfers on states of different sizes, through the chain's executor on LevelDB.
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Spread, spread } from "../evm/statistics.ts";
import { SENDERS } from "./accounts.ts";
import type { Measured } from "./state-process.ts";

export type StateBenchOptions = {
  /** Ascending multiples of 1,000, from 5,000 on. */
  readonly accounts: readonly number[];
  readonly seed: number;
  /** Blocks a size, each in a process of its own. */
  readonly rounds: number;
  readonly progress: (line: string) => void;
};

type SizeFigures = {
  readonly accounts: number;
  readonly microsecondsPerTransaction: {
    readonly execute: Spread;
    readonly commit: Spread;
    readonly total: Spread;
    /** Of the processor, for both: what other processes take does not count. */
    readonly processor: Spread;
  };
  readonly perTransaction: { readonly reads: number; readonly writes: number; readonly bytesWritten: number };
  readonly residentMegabytes: { readonly beforeBlock: Spread; readonly peak: Spread };
};

const program: string = fileURLToPath(new URL("state-process.ts", import.meta.url));

/** The JSON that the process printed. Its own progress goes on to `progress`. */
function run(progress: (line: string) => void, ...values: readonly (string | number)[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...values.map(String)], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let complaints = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      const text = chunk.toString("utf8");
      complaints = (complaints + text).slice(-5_000);
      if (/^\d+ accounts\n$/.test(text)) progress(text.trimEnd());
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`a step of the benchmark ended with ${code}:\n${complaints}`));
    });
  });
}

function figuresOf(accounts: number, found: readonly Measured[]): SizeFigures {
  const of = (pick: (measured: Measured) => number): Spread => spread(found.map(pick));
  return {
    accounts,
    microsecondsPerTransaction: {
      execute: of(({ execute }) => execute),
      commit: of(({ commit }) => commit),
      total: of(({ execute, commit }) => execute + commit),
      processor: of(({ processor }) => processor),
    },
    perTransaction: {
      reads: of(({ reads }) => reads).median,
      writes: of(({ writes }) => writes).median,
      bytesWritten: of(({ bytesWritten }) => bytesWritten).median,
    },
    residentMegabytes: {
      beforeBlock: of(({ residentBefore }) => residentBefore / 2 ** 20),
      peak: of(({ residentPeak }) => residentPeak / 2 ** 20),
    },
  };
}

/** Rise of the least-squares line through the points, a tenfold of accounts. */
export function risePerTenfold(points: readonly (readonly [accounts: number, value: number])[]): number {
  const logs = points.map(([accounts, value]) => [Math.log10(accounts), value] as const);
  const mean = (pick: (point: readonly [number, number]) => number): number =>
    logs.reduce((sum, point) => sum + pick(point), 0) / logs.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  let [above, below] = [0, 0];
  for (const [a, b] of logs) {
    above += (a - x) * (b - y);
    below += (a - x) ** 2;
  }
  return Number((above / below).toPrecision(4));
}

function slope(sizes: readonly SizeFigures[]): object | undefined {
  const [first, last] = [sizes[0], sizes[sizes.length - 1]];
  if (first === undefined || last === undefined || first === last) return undefined;
  const rise = (pick: (size: SizeFigures) => number): object => ({
    perTenfold: risePerTenfold(sizes.map((size) => [size.accounts, pick(size)])),
    lastOverFirst: Number((pick(last) / pick(first)).toPrecision(4)),
  });
  return {
    execute: rise((size) => size.microsecondsPerTransaction.execute.median),
    commit: rise((size) => size.microsecondsPerTransaction.commit.median),
    total: rise((size) => size.microsecondsPerTransaction.total.median),
    processor: rise((size) => size.microsecondsPerTransaction.processor.median),
    reads: rise((size) => size.perTransaction.reads),
    writes: rise((size) => size.perTransaction.writes),
  };
}

/** A copy of the database for each size, made while the largest one grows. */
async function build(folder: string, accounts: readonly number[], progress: (line: string) => void): Promise<void> {
  const growing = join(folder, "growing");
  let filled = 0;
  for (const size of accounts) {
    await run(progress, "fill", growing, filled, size);
    await cp(growing, join(folder, String(size)), { recursive: true });
    filled = size;
  }
}

/** All figures. Sizes are measured in turn: what else the machine does falls on all of them. */
export async function benchState({ accounts, seed, rounds, progress }: StateBenchOptions): Promise<object> {
  progress(`seed ${seed}`);
  const folder = await mkdtemp(join(tmpdir(), "state-bench-"));
  const found = new Map<number, Measured[]>(accounts.map((size) => [size, []]));
  try {
    await build(folder, accounts, progress);
    for (let round = 0; round < rounds; round++) {
      for (const [size, measured] of found) {
        const block = (await run(
          progress,
          "measure",
          join(folder, String(size)),
          size,
          round,
          seed + round,
        )) as Measured;
        measured.push(block);
        const { execute, commit, processor, reads } = block;
        progress(
          `${size} accounts, a transaction: ${execute.toFixed(1)} us to execute, ${commit.toFixed(1)} us to write, ` +
            `${processor.toFixed(1)} us of the processor, ${reads} reads`,
        );
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const sizes = [...found].map(([size, measured]) => figuresOf(size, measured));
  return {
    ...{ seed, rounds, transactions: SENDERS, node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model },
    method:
      "one block of token transfers, random senders and recipients, in a new process on a database that it opened " +
      "just before: the chain's and LevelDB's caches are cold, the system's page cache is not emptied; code was " +
      "compiled on another chain in memory; signatures were recovered before, as by the pool; sizes in turn",
    sizes,
    slope: slope(sizes),
  };
}
