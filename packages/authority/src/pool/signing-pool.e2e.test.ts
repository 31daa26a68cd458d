import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { Anvil, MNEMONIC, wordOf, ZERO_WORD } from "../anvil.fixture.ts";
import { JobStore } from "../store/job-store.ts";
import { createSigningPool } from "./signing-pool.ts";

const fast = { mnemonic: MNEMONIC, confirmations: 1, pollMs: 20 };

describe("a pool against anvil", () => {
  let anvil: Anvil;
  let to: `0x${string}`;

  beforeAll(async () => {
    anvil = await Anvil.start();
    to = await anvil.counter();
  });
  afterAll(() => anvil.stop());

  test("carries out many jobs at once, each once", async () => {
    const pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 4, store: ":memory:" });
    const words = Array.from({ length: 300 }, (_, index) => wordOf(`many ${index}`));
    const receipts = await Promise.all(words.map((data) => pool.send({ to, data })));
    expect(new Set(receipts.map(({ hash }) => hash)).size).toBe(300);
    for (const word of words) expect(await anvil.counted(to, word)).toBe(1);
    const used = pool.status().signers.filter(({ nextNonce }) => nextNonce > 0);
    expect(used.length).toBe(4);
    await pool.drain();
    await pool.close();
  });

  test("takes two submissions with one key for one job, and refuses another request with it", async () => {
    const pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 2, store: ":memory:" });
    const data = wordOf("key");
    const options = { idempotencyKey: "key" };
    const [first, second] = await Promise.all([pool.submit({ to, data }, options), pool.submit({ to, data }, options)]);
    await pool.receipt(first.id);
    const third = await pool.submit({ to, data }, options);
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    expect(await anvil.counted(to, data)).toBe(1);
    await expect(pool.submit({ to, data: wordOf("other") }, options)).rejects.toMatchObject({
      code: "IDEMPOTENCY_CONFLICT",
    });
    await pool.close();
  });

  test("looks when it is told of a block, over WebSocket, and goes on when that is lost", async () => {
    let feed = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(feed, "listening");
    const { port } = feed.address() as AddressInfo;
    const tell = (): void => {
      const result = { number: "0x1", hash: `0x${"11".repeat(32)}` };
      const params = { subscription: "0xfeed", result };
      const text = JSON.stringify({ jsonrpc: "2.0", method: "eth_subscription", params });
      for (const client of feed.clients) client.send(text);
    };
    const answer = (server: WebSocketServer): void => {
      server.on("connection", (socket) =>
        socket.on("message", (data) => {
          const { id } = JSON.parse(String(data)) as { readonly id: number };
          socket.send(JSON.stringify({ jsonrpc: "2.0", id, result: "0xfeed" }));
        }),
      );
    };
    answer(feed);
    // Polling alone would take an hour.
    const options = { ...fast, pollMs: 3_600_000, rpcUrl: anvil.rpc, size: 1, store: ":memory:" };
    const pool = await createSigningPool({ ...options, wsUrl: `ws://127.0.0.1:${port}` });
    const ticking = setInterval(tell, 50);
    const first = await pool.send({ to, data: wordOf("told") });
    expect(first.status).toBe("success");
    for (const client of feed.clients) client.terminate();
    await new Promise((resolve) => feed.close(resolve));
    feed = new WebSocketServer({ host: "127.0.0.1", port });
    answer(feed);
    expect((await pool.send({ to, data: wordOf("told again") })).status).toBe("success");
    clearInterval(ticking);
    await pool.close();
    await new Promise((resolve) => feed.close(resolve));
  });

  test("shows no secret in what it says of a wrong one", async () => {
    const options = { rpcUrl: anvil.rpc, size: 1, store: ":memory:" };
    const wrong = [{ mnemonic: "no real words" }, { keys: [`0x${"ff".repeat(32)}`] as const }];
    for (const secrets of wrong) {
      const error = await createSigningPool({ ...options, ...secrets }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "BAD_REQUEST" });
      expect(`${error} ${(error as Error).stack} ${(error as Error).cause}`).not.toMatch(/real words|ffff/);
    }
  });

  test("refuses what would revert without spending a nonce, and tells of what reverted on the chain", async () => {
    const store = await JobStore.open(":memory:");
    const pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, store });
    const before = pool.status().signers[0]?.nextNonce;
    await expect(pool.send({ to, data: ZERO_WORD })).rejects.toMatchObject({ code: "SIMULATION_REVERTED" });
    expect(pool.status().signers[0]?.nextNonce).toBe(before);
    await pool.close();
    const blind = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, store, simulate: false });
    await expect(blind.send({ to, data: ZERO_WORD, gas: 100_000n })).rejects.toMatchObject({
      code: "REVERTED",
      job: { receipt: { status: "reverted" } },
    });
    await blind.close();
    await store.close();
  });
});
