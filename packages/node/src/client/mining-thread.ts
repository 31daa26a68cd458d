import { parentPort, workerData } from "node:worker_threads";
import { WorkAttempts } from "@tributary/protocol/gasless/proof-of-work";
import type { MiningNews, MiningTask } from "./mine-work.ts";

/** Tries between two reports: some 50 ms. */
const REPORTED = 65_536;

const { challenge, hashes, from, stride } = workerData as MiningTask;
const attempts = new WorkAttempts(challenge);
const say = (news: MiningNews): void => parentPort?.postMessage(news);

let counter = BigInt(from);
const step = BigInt(stride);
for (let tried = 1; attempts.work(counter) < hashes; tried++) {
  counter += step;
  if (tried % REPORTED === 0) say({ tried: REPORTED });
}
say({ counter });
