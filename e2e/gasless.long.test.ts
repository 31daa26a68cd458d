// Users without coins beside an attacker with as many accounts as it wants, on a devnet of four processes. The sizes are
// for a small machine that runs everything; GASLESS_SCALE=10 or more is for a larger one.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { MiningOptions } from "@tributary/node/client/mine-work";
import { type RequestingClient, sealTransaction, sendGasless } from "@tributary/node/client/send-gasless";
import { LANE_SHARE } from "@tributary/protocol/gasless/lanes";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { until } from "@tributary/testkit/devnet/processes";
import { Account } from "@tributary/testkit/gasless/account";
import { keccak256 } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Caller } from "./gasless/caller.ts";
import { Mined } from "./gasless/mined.ts";

const root = resolve(import.meta.dirname, "..");
const SCALE = Number(process.env["GASLESS_SCALE"] ?? 1);
const HONEST = 40 * SCALE;
const ACTIONS = SCALE >= 25 ? 10 : 5;
const ATTACKERS = 4_000 * SCALE;
/** Transfers in a block of the chain. */
const BLOCK_ACTIONS = 50;
const HISTORY_SECONDS = 10;
const HASHES_PER_GAS = 1 / 16;
/** Heights in which an action has to be mined: 5 s of a chain whose machines are not busy with all members at once. */
const SOON_HEIGHTS = 12;
/** Between a user's actions: what all of them want together is less than their lanes have, at two heights a second. */
const PAUSE_MS = 2_000 * Math.max(1, SCALE / 3);

type Action = {
  readonly hash: string;
  readonly sentAt: number;
  readonly acceptedAt: number;
  /** Places in what was mined so far: when the user acted, and when a member had accepted it. */
  readonly height: number;
  readonly acceptedHeight: number;
  readonly mines: boolean;
};

let devnet: Devnet;
/** Calls of honest users that a member put off. */
let refused = 0;
let chain: Devnet["info"]["chains"][number];
/** Users come from homes of their own, a few each. */
const homes = Array.from({ length: Math.min(HONEST, 250) }, (_, i) => new Caller(`127.0.2.${i + 1}`, 4, false));
const honest = (user: number): Caller => homes[user % homes.length] as Caller;
const attacker = new Caller("127.0.0.3", 8);
const watcher = new Caller("127.0.0.4", 2);

/** Settings for every node, as an operator would write them; then each starts with them. */
async function configure(): Promise<void> {
  for (const [index, { dataDir }] of devnet.info.nodes.entries()) {
    await devnet.killNode(index);
    const path = join(dataDir, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8")) as object;
    const gasless = { historySeconds: HISTORY_SECONDS, hashesPerGas: HASHES_PER_GAS };
    writeFileSync(path, JSON.stringify({ ...config, gasless }));
    await devnet.restartNode(index);
  }
}

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  const gas = String(21_000 * BLOCK_ACTIONS);
  const order = ["chain", "create", "--name", "gasless", "--size", "medium", "--members", "4", "--gas-limit", gas];
  const { stdout } = await promisify(execFile)("npx", ["tributary", ...order, "--data", devnet.data, "--json"], {
    cwd: root,
  });
  const { chainId } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { readonly chainId: number };
  await configure();
  const found = () => devnet.info.chains.find((one) => one.chainId === Number(chainId));
  await until("the chain on all members", 60_000, async () => {
    chain = found() ?? chain;
    const heads = await Promise.all(chain.rpc.map((url) => watcher.call(url, "eth_blockNumber").catch(() => "0x0")));
    return heads.every((head) => Number(head) > 0);
  });
});
afterAll(async () => {
  for (const caller of [...homes, attacker, watcher]) caller.close();
  await devnet?.dispose();
});

const text = (raw: Uint8Array): `0x${string}` => `0x${Buffer.from(raw).toString("hex")}`;
const account = (index: number): Account => new Account(index, BigInt(chain.chainId));
const home = (index: number): string => chain.rpc[index % chain.rpc.length] ?? "";

/** Members that have too much to do say when to come back. */
async function patiently<T>(what: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await what();
    } catch (error) {
      if (!/limit exceeded|timed? ?out/.test(String(error))) throw error;
      refused++;
      await sleep(500);
    }
  }
}

/** Sends it until a member has it: what was taken in while the answer got lost is known the next time. */
function send(client: RequestingClient, raw: `0x${string}`, options: MiningOptions = {}): Promise<string> {
  return patiently(async () => {
    try {
      return await sendGasless(client, raw, options);
    } catch (error) {
      if (/already known/.test(String(error))) return keccak256(raw);
      throw error;
    }
  });
}

/** One user's actions, one after the other. */
async function act(user: Account, from: Caller, url: string, mined: Mined, actions: Action[]): Promise<void> {
  await sleep(Math.random() * PAUSE_MS);
  const client = from.client(url);
  let mines = false;
  const request: typeof client.request = (args) => {
    mines ||= args.method === "eth_sendRawTransaction" && String(args.params?.[0]).startsWith("0x70");
    return client.request(args);
  };
  for (let i = 0; i < ACTIONS; i++) {
    const raw = text(user.action());
    const sentAt = Date.now();
    const height = mined.blocks.length;
    mines = false;
    const hash = await send({ request }, raw, { threads: 1 });
    actions.push({ hash, sentAt, acceptedAt: Date.now(), height, acceptedHeight: mined.blocks.length, mines });
    await until("an honest action", 300_000, () => mined.at.has(hash), 50);
    await sleep(PAUSE_MS);
  }
}

/** Every account of the attacker asks once, at all members, as fast as they answer. */
async function attack(accounts: readonly Account[], stop: () => boolean): Promise<number> {
  let asked = 0;
  await Promise.all(
    chain.rpc.map(async (url, member) => {
      const own = accounts.filter((_, index) => index % chain.rpc.length === member);
      for (let i = 0; i < own.length && !stop(); i += 50) {
        const calls = own.slice(i, i + 50).map((one) => ["eth_sendRawTransaction", text(one.action())]);
        await attacker.batch(url, calls).catch(() => []);
        asked += calls.length;
      }
    }),
  );
  return asked;
}

test("a proof is worth nothing for another transaction", async () => {
  const [one, other] = [account(1_000_001), account(1_000_002)];
  const client = honest(0).client(home(0));
  const sealed = await sealTransaction(client, text(one.action()), { threads: 1 });
  const stolen = sealed.slice(0, 2 + 2 * 41) + text(other.action()).slice(2);
  await expect(client.request({ method: "eth_sendRawTransaction", params: [stolen] })).rejects.toThrow(
    /proof of work: need difficulty \d+, got \d+/,
  );
});

const TIMEOUT_MS = 400_000 * Math.max(1, SCALE / 10);
test("honest actions are mined in time beside an attacker with a hundred times the accounts", {
  timeout: TIMEOUT_MS,
}, async () => {
  const users = Array.from({ length: HONEST }, (_, index) => account(index));
  const mined = new Mined();
  await mined.start(watcher, home(0));
  const first = users.slice(0, HONEST / 2);
  const hashes = await Promise.all(first.map((user, i) => send(honest(i).client(home(i)), text(user.action()))));
  refused = 0;
  await until("history", 60_000 * Math.max(1, SCALE / 5), () => hashes.every((hash) => mined.at.has(hash)), 100);
  await sleep(HISTORY_SECONDS * 1_000);
  // Chain time goes on with blocks only.
  await until("a block after that", 30_000, () => (mined.blocks.at(-1)?.at ?? 0) > Date.now() - 1_000, 100);

  const begun = mined.blocks.length;
  const actions: Action[] = [];
  let done = false;
  const attackers = Array.from({ length: ATTACKERS }, (_, index) => account(HONEST + index));
  const attacking = attack(attackers, () => done);
  await sleep(1_000);
  await Promise.all(users.map((user, i) => act(user, honest(i), home(i), mined, actions)));
  done = true;
  const asked = await attacking;
  await mined.stop();

  const waited = actions.map(({ hash, height }) => (mined.height.get(hash) ?? Number.POSITIVE_INFINITY) - height);
  const soon = waited.filter((heights) => heights <= SOON_HEIGHTS).length / actions.length;
  const inTime = actions.filter(
    ({ hash, sentAt }) => (mined.at.get(hash) ?? Number.POSITIVE_INFINITY) - sentAt <= 5_000,
  );
  const honestHashes = new Set(actions.map(({ hash }) => hash));
  // Blocks that an honest transaction, which all members held long since, went on waiting behind.
  const behind = (height: number): boolean =>
    actions.some((one) => one.height + SOON_HEIGHTS < height && (mined.height.get(one.hash) ?? height + 1) > height);
  const wanted = mined.blocks.filter((_, height) => height >= begun && behind(height));
  const foreign = wanted.flatMap(({ transactions }) => transactions).filter(({ hash }) => !honestHashes.has(hash));
  const limits = wanted.reduce((sum, { gasLimit }) => sum + gasLimit, 0);
  const share = foreign.reduce((sum, { gas }) => sum + gas, 0) / Math.max(1, limits);
  const all = mined.blocks.slice(begun).reduce((sum, { transactions }) => sum + transactions.length, 0);
  const sorted = waited.toSorted((one, other) => one - other);
  const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  process.stderr.write(
    `${refused} calls of honest users put off; accepted after ${middle(actions.map((one) => one.acceptedAt - one.sentAt))} ms ` +
      `(median), mined ${middle(actions.map(({ hash, acceptedHeight }) => (mined.height.get(hash) ?? 1e9) - acceptedHeight))} ` +
      "heights later (median)\n",
  );
  process.stderr.write(
    `${actions.length} honest actions, ${actions.filter(({ mines }) => mines).length} with proofs: ` +
      `${((100 * inTime.length) / actions.length).toFixed(1)} % within 5 s, ${(100 * soon).toFixed(1)} % within ` +
      `${SOON_HEIGHTS} heights, median ${sorted[Math.floor(sorted.length / 2)]}, most ${sorted.at(-1)}; the attacker ` +
      `asked ${asked} times and got ${all - actions.length} of ${all} transactions in ${mined.blocks.length - begun} ` +
      `blocks of ${BLOCK_ACTIONS}; ${wanted.length} blocks were wanted, its share of them ${share.toFixed(3)}\n`,
  );
  expect(actions).toHaveLength(HONEST * ACTIONS);
  expect(actions.some(({ mines }) => mines)).toBe(true);
  expect(soon).toBeGreaterThanOrEqual(0.95);
  expect(share).toBeLessThanOrEqual(LANE_SHARE.fresh);
});
