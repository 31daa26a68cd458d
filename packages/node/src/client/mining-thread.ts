import { parentPort } from "node:worker_threads";
import { WorkAttempts } from "@tributary/protocol/gasless/proof-of-work";

/** What a thread is given. Threads try every `stride`th counter, each from its own on. */
export type MiningTask = {
  readonly challenge: Uint8Array;
  readonly hashes: number;
  readonly from: number;
  readonly stride: number;
  /** One number in shared memory: not 0 any more once nobody waits for the result. */
  readonly stop: Int32Array;
};

/** What a thread says: so many tries more, the counter where it found one, and whether that was its last word. */
export type MiningNews = { readonly tried: number; readonly counter: bigint | undefined; readonly done: boolean };

/** Tries between two looks at whether to stop, and between two reports: below one ms, and some 50 ms. */
const LOOKED = 1_024;
const REPORTED = 65_536;

function mine({ challenge, hashes, from, stride, stop }: MiningTask): void {
  const attempts = new WorkAttempts(challenge);
  const say = (tried: number, counter: bigint | undefined, done: boolean): void =>
    parentPort?.postMessage({ tried, counter, done } satisfies MiningNews);
  const step = BigInt(stride);
  let counter = BigInt(from);
  let tried = 1;
  for (; attempts.work(counter) < hashes; tried++) {
    counter += step;
    if (tried % LOOKED !== 0) continue;
    if (Atomics.load(stop, 0) !== 0) {
      say(tried % REPORTED, undefined, true);
      return;
    }
    if (tried % REPORTED === 0) say(REPORTED, undefined, false);
  }
  say(tried % REPORTED, counter, true);
}

parentPort?.on("message", mine);
