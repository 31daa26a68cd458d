import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import pino from "pino";
import { Registry } from "prom-client";
import { createPublicClient, type Hex, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, test, vi } from "vitest";
import { followHeads, followLogs, type SubscribingClient } from "../client/follow.ts";
import { FixtureChain, fixtureBackend } from "./fixture-chain.testing.ts";
import { Params } from "./params.ts";
import { RpcServer } from "./server.ts";
import { readTopic } from "./subscribe-topic.ts";
import { SubscriptionSet } from "./subscription-set.ts";
import { emitter, topic } from "./test-server.testing.ts";

const chainId = 4711n;
const key = privateKeyToAccount(`0x${"42".repeat(32)}`);

/** A chain whose blocks hold as many logs as is said when they are made. */
class LoggingChain {
  readonly chain = new FixtureChain(chainId);
  #logs = 0;
  #nonce = 0;

  constructor() {
    this.chain.logsOf = () =>
      Array.from({ length: this.#logs }, (_, i) => ({
        ...{ address: emitter, topics: i % 2 === 0 ? [topic] : [], data: new Uint8Array([i]) },
      }));
  }

  async mine(logs: number): Promise<void> {
    this.#logs = logs;
    if (logs > 0) await this.chain.submit(Buffer.from((await raw(this.#nonce++)).slice(2), "hex"));
    this.chain.mine();
  }

  /** Places of all logs with the topic, as the chain tells them. */
  async places(from: number): Promise<string[]> {
    const filter = { addresses: [emitter], topics: [[topic]] };
    const logs = await this.chain.logs({ ...filter, fromBlock: from, toBlock: this.chain.head.header.number });
    return logs.map(({ blockNumber, logIndex }) => `${blockNumber}:${logIndex}`);
  }
}

const signed = new Map<number, Promise<Hex>>();
/** The key's transaction with this nonce. */
function raw(nonce: number): Promise<Hex> {
  const fields = { type: "eip1559", chainId: Number(chainId), value: 1n, gas: 21_000n } as const;
  const made =
    signed.get(nonce) ??
    key.signTransaction({ ...fields, nonce, to: key.address, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n });
  signed.set(nonce, made);
  return made;
}

/** A client as viem is one: when the connection is lost, it subscribes again with the same parameters. */
class FlakyClient implements SubscribingClient {
  readonly #chain: FixtureChain;
  readonly #wanted: { readonly params: unknown[]; readonly onData: (data: { result?: unknown }) => void }[] = [];
  #connection: SubscriptionSet | undefined;
  /** Messages that get through before the connection is lost in the middle of the stream. */
  #left = 0;

  constructor(chain: FixtureChain) {
    this.#chain = chain;
  }

  readonly transport: SubscribingClient["transport"] = {
    subscribe: async ({ params, onData }) => {
      this.#wanted.push({ params, onData });
      return { unsubscribe: async () => undefined };
    },
  };

  connect(left: number): void {
    this.lose();
    this.#left = left;
    const handlers = new Map<string, (data: { result?: unknown }) => void>();
    const connection: SubscriptionSet = new SubscriptionSet(this.#chain, fixtureBackend(this.#chain).member, 10, {
      send: (text) => {
        if (this.#connection !== connection || this.#left-- <= 0) return;
        const { params } = JSON.parse(text);
        handlers.get(params.subscription)?.(params);
      },
      writable: () => turn(),
      fail: (error) => {
        throw error;
      },
    });
    this.#connection = connection;
    for (const { params, onData } of this.#wanted) {
      const id = connection.add(readTopic(new Params(structuredClone(params)), this.#chain));
      handlers.set(id, onData);
      connection.release([id]);
    }
  }

  lose(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("mine" as const), logs: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("connect" as const), left: fc.integer({ min: 0, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("turn" as const) }) },
);

test("no head and no log is missed or repeated, whenever connections are lost", async () => {
  const run = fc.asyncProperty(
    fc.integer({ min: 0, max: 150 }),
    fc.nat(),
    fc.array(step, { maxLength: 40 }),
    async (length, first, steps) => {
      const logging = new LoggingChain();
      for (let i = 0; i < length; i++) await logging.mine(i % 3);
      const from = first % (length + 2);
      const client = new FlakyClient(logging.chain);
      const heads: number[] = [];
      const logs: string[] = [];
      await followHeads(client, { fromBlock: BigInt(from), onData: ({ number }) => heads.push(Number(number)) });
      await followLogs(
        client,
        { address: `0x${"ee".repeat(20)}`, topics: [`0x${"70".repeat(32)}`] },
        {
          fromBlock: BigInt(from),
          onData: ({ blockNumber, logIndex }) => logs.push(`${Number(blockNumber)}:${Number(logIndex)}`),
        },
      );
      for (const one of steps) {
        if (one.kind === "mine") await logging.mine(one.logs);
        else if (one.kind === "connect") client.connect(one.left);
        else if (one.kind === "lose") client.lose();
        else await turn();
      }
      client.connect(Number.POSITIVE_INFINITY);
      await logging.mine(1);
      const { number } = logging.chain.head.header;
      const wantedHeads = Array.from({ length: Math.max(0, number - from + 1) }, (_, i) => from + i);
      const wantedLogs = await logging.places(from);
      // Catching up takes turns of the event loop, as many as there is to send.
      for (let i = 0; i < 100 && (heads.length < wantedHeads.length || logs.length < wantedLogs.length); i++) {
        await turn();
      }
      for (let i = 0; i < 5; i++) await turn();
      expect(heads).toEqual(wantedHeads);
      expect(logs).toEqual(wantedLogs);
      client.lose();
      expect(logging.chain.listeners).toBe(0);
    },
  );
  await fc.assert(run, { numRuns: 60 });
});

test("viem follows a chain through restarts of its server", async () => {
  const logging = new LoggingChain();
  for (let i = 0; i < 70; i++) await logging.mine(1);
  const server = new RpcServer({ logger: pino({ level: "silent" }), registry: new Registry() });
  server.addChain(chainId, fixtureBackend(logging.chain));
  const { port } = await server.start({ port: 0 });
  const transport = webSocket(`ws://127.0.0.1:${port}/chains/${chainId}`, { reconnect: { attempts: 50, delay: 20 } });
  const client = createPublicClient({ transport });
  const heads: number[] = [];
  const logs: string[] = [];
  const lost: unknown[] = [];
  await followHeads(client, {
    fromBlock: 3n,
    onData: ({ number }) => heads.push(Number(number)),
    onError: (error) => lost.push(error),
  });
  const stop = await followLogs(
    client,
    {},
    {
      fromBlock: 3n,
      onData: ({ blockNumber, logIndex }) => logs.push(`${Number(blockNumber)}:${Number(logIndex)}`),
    },
  );
  for (let round = 0; round < 3; round++) {
    await server.stop();
    for (let i = 0; i < 5; i++) await logging.mine(1);
    await server.start({ port });
    await logging.mine(1);
    await vi.waitFor(() => expect(heads.at(-1)).toBe(logging.chain.head.header.number), { timeout: 20_000 });
  }
  await vi.waitFor(() => expect(logs).toHaveLength(heads.length), { timeout: 20_000 });
  expect(heads).toEqual(Array.from({ length: logging.chain.head.header.number - 2 }, (_, i) => i + 3));
  expect(logs).toEqual(heads.map((number) => `${number}:0`));
  expect(lost.length).toBeGreaterThan(0);
  await stop();
  (await client.transport.getRpcClient()).close();
  await server.stop();
});
