import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Checkpoint } from "@tributary/protocol/consensus/types";
import { afterEach, expect, test } from "vitest";
import type { Logger } from "../logger.ts";
import { Anvil } from "./anvil.fixture.ts";
import { type MainchainFollower, type MainchainStep, MainchainWatcher } from "./watcher.ts";

const DEV = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/** Runs `LOG1(0, 0, calldata[0])`: a log whose topic says which call it was. */
const LOGGER = "0x6007600c60003960076000f35f355f5fa10000";
const ADDRESS = "0x5fbdb2315678afecb367f032d93f642f64180aa3";

class Follower implements MainchainFollower<bigint> {
  readonly steps: MainchainStep<bigint>[] = [];
  readonly rollbacks: bigint[] = [];
  readonly checkpoints: Checkpoint[] = [];
  /** As a fold would hold them: rolled back with the chain. */
  facts: { block: bigint; event: bigint }[] = [];

  apply(step: MainchainStep<bigint>): void {
    this.steps.push(step);
    for (const { block, event } of step.facts) this.facts.push({ block, event });
  }
  rollback(block: bigint): void {
    this.rollbacks.push(block);
    this.facts = this.facts.filter((fact) => fact.block <= block);
  }
  checkpoint(checkpoint: Checkpoint): void {
    this.checkpoints.push(checkpoint);
  }
  answers = 0;
  answered(): void {
    this.answers += 1;
  }
}

const lines: string[] = [];
const note = (fields: object, message: string): void => {
  lines.push(`${message} ${Object.values(fields).join(" ")}`);
};
const logger: Logger = { debug: note, info: note, warn: note, error: note };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  lines.length = 0;
});

async function anvilWithLogger(): Promise<Anvil> {
  const anvil = await Anvil.start();
  closing.push(() => anvil.stop());
  await anvil.call("eth_sendTransaction", { from: DEV, data: LOGGER, gas: "0x100000" });
  await anvil.mine();
  return anvil;
}

/** The mainchain behind a door that notes which methods were called. */
async function counting(anvil: Anvil): Promise<{ readonly rpc: string; readonly methods: string[] }> {
  const methods: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const calls = [JSON.parse(body) as { readonly method: string } | { readonly method: string }[]].flat();
    methods.push(...calls.map(({ method }) => method));
    const headers = { "content-type": "application/json" };
    const answer = await fetch(anvil.rpc, { method: "POST", headers, body });
    response.writeHead(200, headers).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { rpc: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, methods };
}

function watch(
  anvil: Pick<Anvil, "rpc">,
  options: { range?: number; distance?: number; restMs?: number } = {},
): [MainchainWatcher<bigint>, Follower] {
  const watcher = new MainchainWatcher<bigint>({
    rpc: anvil.rpc,
    chainId: 31337,
    contracts: [ADDRESS],
    fromBlock: 1n,
    decode: (log) => BigInt(log.topics[0] ?? 0),
    confirmation: 1,
    finality: 2,
    checkpointDistance: options.distance ?? 1,
    intervalMs: 20,
    ...(options.range === undefined ? {} : { rangeBlocks: options.range }),
    ...(options.restMs === undefined ? {} : { restMs: options.restMs }),
    logger,
  });
  const follower = new Follower();
  watcher.follow(follower);
  watcher.start();
  closing.push(() => watcher.stop());
  return [watcher, follower];
}

async function emit(anvil: Anvil, ...values: readonly number[]): Promise<void> {
  for (const value of values) {
    const data = `0x${value.toString(16).padStart(64, "0")}`;
    await anvil.call("eth_sendTransaction", { from: DEV, to: ADDRESS, data, gas: "0x100000" });
  }
  await anvil.mine();
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`the condition did not come true; log: ${lines.join("; ")}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("facts come once, in order, and only when confirmed; checkpoints follow behind", async () => {
  const anvil = await anvilWithLogger();
  await emit(anvil, 1, 2);
  await emit(anvil, 3);
  const [, follower] = watch(anvil, { range: 1 });
  await until(() => follower.facts.length === 2);
  expect(follower.facts).toEqual([
    { block: 2n, event: 1n },
    { block: 2n, event: 2n },
  ]);
  await emit(anvil, 4);
  await until(() => follower.facts.length === 3);
  await anvil.mine(5);
  await until(() => follower.steps.at(-1)?.through.number === 8n);
  expect(follower.facts.map(({ event }) => event)).toEqual([1n, 2n, 3n, 4n]);
  expect(follower.steps.map(({ through }) => through.number)).toEqual(
    [...follower.steps.map(({ through }) => through.number)].sort((a, b) => Number(a - b)),
  );
  await until(() => follower.checkpoints.at(-1)?.number === 7);
  const block = await anvil.call<{ hash: string }>("eth_getBlockByNumber", "0x7", false);
  expect(follower.checkpoints.at(-1)?.hash).toBe(block.hash);
});

test("a start reads a range in one request, in steps that are short near the head", async () => {
  const anvil = await anvilWithLogger();
  await emit(anvil, 1);
  await anvil.mine(120);
  await emit(anvil, 2);
  await anvil.mine();
  const counted = await counting(anvil);
  const [watcher, follower] = watch(counted, { distance: 64 });
  await until(() => watcher.status.kind === "following" && watcher.status.delivered === 123n);
  expect(follower.facts.map(({ event }) => event)).toEqual([1n, 2n]);
  expect(counted.methods.filter((method) => method === "eth_getLogs")).toHaveLength(1);
  const steps = follower.steps.map(({ through }) => through.number);
  expect(steps.every((number, at) => number <= 59n || number - (steps[at - 1] ?? 0n) <= 8n)).toBe(true);
  // A mark each eight blocks is one request each: no block is asked for alone beside these.
  expect(counted.methods.length).toBeLessThan(40);
});

test("looks less often while the contracts say nothing, and often again once they said something", async () => {
  const anvil = await anvilWithLogger();
  await emit(anvil, 1);
  await anvil.mine();
  const counted = await counting(anvil);
  const [watcher, follower] = watch(counted, { restMs: 500 });
  await until(() => watcher.status.kind === "following" && follower.answers > 0);
  const before = follower.answers;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(follower.answers - before).toBeLessThan(4);
  await emit(anvil, 2);
  await anvil.mine();
  await until(() => follower.facts.length === 2);
  // At rest this would take half a minute.
  await until(() => follower.answers > before + 60);
});

test("checkpoints are multiples of the distance", async () => {
  const anvil = await anvilWithLogger();
  await anvil.mine(20);
  const [, follower] = watch(anvil, { distance: 8 });
  await until(() => follower.checkpoints.length > 0);
  await anvil.mine(8);
  await until(() => follower.checkpoints.at(-1)?.number === 24);
  expect(follower.checkpoints.map(({ number }) => number)).toEqual([8, 16, 24]);
});

test("checkpoints passed over between two looks are delivered too, the newest 64 of them", async () => {
  const anvil = await anvilWithLogger();
  const [, follower] = watch(anvil);
  await anvil.mine(200);
  await until(() => follower.checkpoints.at(-1)?.number === 199);
  const numbers = follower.checkpoints.map(({ number }) => number);
  expect(numbers.slice(-64)).toEqual(Array.from({ length: 64 }, (_, index) => 136 + index));
  const block = await anvil.call<{ hash: string }>("eth_getBlockByNumber", "0x96", false);
  expect(follower.checkpoints.find(({ number }) => number === 150)?.hash).toBe(block.hash);
});

test("a mainchain that goes back voids what it took and is read again", async () => {
  const anvil = await anvilWithLogger();
  await emit(anvil, 1);
  await anvil.mine(3);
  await emit(anvil, 2);
  await anvil.mine(2);
  const [, follower] = watch(anvil, { range: 1 });
  await until(() => follower.facts.length === 2);
  // Replaces the newest four blocks, the one with fact 2 among them, by empty ones.
  await anvil.call("anvil_reorg", 4, []);
  await until(() => follower.rollbacks.length > 0);
  expect(follower.rollbacks.at(-1)).toBe(4n);
  expect(lines.some((line) => line.includes("went back"))).toBe(true);
  await emit(anvil, 5);
  await anvil.mine(2);
  await until(() => follower.facts.some(({ event }) => event === 5n));
  expect(follower.facts.map(({ event }) => event)).toEqual([1n, 5n]);
});

test("after a long read a small step back is small, too", async () => {
  const anvil = await anvilWithLogger();
  await emit(anvil, 1);
  await anvil.mine(297);
  // Replaced empty blocks come out the same, so one that is replaced has to hold something.
  await emit(anvil, 2);
  await anvil.mine(2);
  const [, follower] = watch(anvil);
  await until(() => follower.steps.at(-1)?.through.number === 301n);
  await anvil.call("anvil_reorg", 4, []);
  await until(() => follower.rollbacks.length > 0);
  expect(follower.rollbacks.at(-1)).toBeGreaterThan(280n);
  expect(follower.facts.map(({ event }) => event)).toEqual([1n]);
});

test("a chain that is shorter than before is noticed too", async () => {
  const anvil = await anvilWithLogger();
  const snapshot = await anvil.call<string>("evm_snapshot");
  await emit(anvil, 1);
  await anvil.mine(4);
  const [, follower] = watch(anvil, { range: 1 });
  await until(() => follower.facts.length === 1);
  await anvil.call("evm_revert", snapshot);
  await anvil.mine(1);
  await until(() => follower.rollbacks.length > 0);
  expect(follower.facts).toEqual([]);
  expect(follower.rollbacks.at(-1)).toBe(1n);
});

test("an outage is survived and said", async () => {
  const anvil = await anvilWithLogger();
  await emit(anvil, 1);
  await anvil.mine(1);
  const [watcher, follower] = watch(anvil);
  await until(() => follower.facts.length === 1 && follower.answers > 1);
  await anvil.stop();
  await until(() => watcher.status.kind === "unreachable");
  const { answers } = follower;
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(follower.answers).toBe(answers);
  const { status } = watcher;
  expect(status.kind === "unreachable" && status.since).toBeGreaterThan(0);
  expect(follower.facts.length).toBe(1);
});

test("another chain behind the endpoint is refused", async () => {
  const anvil = await Anvil.start(["--no-mining", "--chain-id", "5"]);
  closing.push(() => anvil.stop());
  const [watcher, follower] = watch(anvil);
  await until(() => watcher.status.kind === "unreachable");
  expect(watcher.status.kind === "unreachable" && watcher.status.reason).toContain("serves chain 5");
  expect(follower.steps).toEqual([]);
});
