// One step of the state benchmark in a process of its own, so that no cache and no memory is left from another one:
//   node state-process.ts fill FOLDER FROM TO
//   node state-process.ts measure FOLDER ACCOUNTS NONCE SEED
// The answer is one line of JSON on stdout.
import { LevelStore } from "@tributary/chain/store/level-store";
import { MemoryStore } from "@tributary/chain/store/memory-store";
import { Random } from "../../agreement/random.ts";
import { benchContract } from "../evm/deploy-kernels.ts";
import { createToken, grow, SENDERS, signTransfers } from "./accounts.ts";
import { BlockChain } from "./block-chain.ts";
import { CountingStore } from "./counting-store.ts";

/** What one block of transfers took. Times in microseconds, counts and bytes a transaction; memory in bytes. */
export type Measured = {
  readonly execute: number;
  readonly commit: number;
  /** Of the processor, all threads, for both. */
  readonly processor: number;
  readonly reads: number;
  readonly writes: number;
  readonly bytesWritten: number;
  /** Resident before the block, and the most since the process began. */
  readonly residentBefore: number;
  readonly residentPeak: number;
};

const WARM_UP_ACCOUNTS = 10_000;
const WARM_UP_BLOCKS = 3;

async function fill(folder: string, from: number, to: number): Promise<object> {
  const store = await LevelStore.open(folder);
  const chain = await BlockChain.open(store);
  if (from === 0) await createToken(chain, benchContract("BenchFiller"));
  await grow(chain, from, to, (accounts) => console.error(`${accounts} accounts`));
  await store.close();
  return {};
}

/** Lets the processor's code be compiled, on another chain in memory. */
async function warmUp(random: Random): Promise<void> {
  const chain = await BlockChain.open(new MemoryStore());
  await createToken(chain, benchContract("BenchFiller"));
  await grow(chain, 0, WARM_UP_ACCOUNTS, () => undefined);
  for (let nonce = 0n; nonce < WARM_UP_BLOCKS; nonce++) {
    const transfers = signTransfers(random, nonce, WARM_UP_ACCOUNTS);
    chain.prepare(transfers);
    await chain.block(transfers);
  }
}

async function measure(folder: string, accounts: number, nonce: bigint, seed: number): Promise<Measured> {
  const random = new Random(seed);
  await warmUp(random);
  const level = await LevelStore.open(folder);
  const store = new CountingStore(level);
  const chain = await BlockChain.open(store);
  const transfers = signTransfers(random, nonce, accounts);
  chain.prepare(transfers);
  const before = { reads: store.reads, writes: store.writes, bytesWritten: store.bytesWritten };
  const residentBefore = process.memoryUsage.rss();
  const processorBefore = process.cpuUsage();
  const { execute, commit } = await chain.block(transfers);
  const { user, system } = process.cpuUsage(processorBefore);
  const found = {
    execute: (1000 * execute) / SENDERS,
    commit: (1000 * commit) / SENDERS,
    processor: (user + system) / SENDERS,
    reads: (store.reads - before.reads) / SENDERS,
    writes: (store.writes - before.writes) / SENDERS,
    bytesWritten: (store.bytesWritten - before.bytesWritten) / SENDERS,
    residentBefore,
    residentPeak: process.resourceUsage().maxRSS * 1024,
  };
  await store.close();
  return found;
}

async function main([step, folder, ...numbers]: readonly string[]): Promise<object> {
  const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = numbers.map(Number);
  if (folder !== undefined && step === "fill") return fill(folder, first, second);
  if (folder !== undefined && step === "measure") return measure(folder, first, BigInt(second), third);
  throw new Error(`no step ${step}`);
}

console.log(JSON.stringify(await main(process.argv.slice(2))));
