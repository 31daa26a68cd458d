import { createHash } from "node:crypto";
import { type Address, numberToHex } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Anvil, MNEMONIC, wordOf } from "./anvil.fixture.ts";
import type { Alert } from "./pool/options.ts";
import { createSigningPool, type SigningPool } from "./pool/signing-pool.ts";
import { AuthorityServer } from "./server/authority-server.ts";
import { PoolMetrics } from "./server/pool-metrics.ts";
import { JobStore } from "./store/job-store.ts";

const fast = { mnemonic: MNEMONIC, pollMs: 20, confirmations: 1 };
const GAS = 100_000n;
const DAY = 86_400;

describe("limits", () => {
  let anvil: Anvil;
  let to: Address;
  let pool: SigningPool | undefined;
  let store: JobStore;

  beforeEach(async () => {
    anvil = await Anvil.start("--no-mining");
    to = await anvil.counter();
    store = await JobStore.open(":memory:");
  });
  afterEach(async () => {
    await pool?.close();
    await store.close();
    await anvil.stop();
  });

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await holds()); tries++) {
      if (tries > 3_000) throw new Error("it does not come about");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test("no signer promises more than its limit, also after a restart; what never fits is refused", async () => {
    const alerts: Alert[] = [];
    // Two jobs each at the cap of 10 gwei, and less than the cheapest transaction more.
    const limit = { wei: 21n * 10n ** 9n * GAS, seconds: DAY };
    await anvil.call("anvil_setNextBlockBaseFeePerGas", numberToHex(10n ** 9n));
    await anvil.mine();
    const options = { ...fast, rpcUrl: anvil.rpc, store, tip: 8n * 10n ** 9n, maxFeePerGas: 10n ** 10n };
    const limits = { size: 2, spendingLimit: limit, onAlert: (alert: Alert) => void alerts.push(alert) };
    pool = await createSigningPool({ ...options, ...limits });
    const jobs = await Promise.all(
      Array.from({ length: 6 }, (_, index) => pool?.submit({ to, data: wordOf(`spend ${index}`), gas: GAS })),
    );
    const sent = async (): Promise<number> => {
      const seen = await Promise.all(jobs.map((job) => pool?.job(job?.id ?? "")));
      return seen.filter((job) => job?.state !== "queued").length;
    };
    await until(async () => (await sent()) === 4);
    await until(() => alerts.filter(({ kind }) => kind === "spending-limit").length === 2);
    await pool.close();
    pool = await createSigningPool({ ...options, ...limits });
    const dear = await pool.submit({ to, data: wordOf("dear"), gas: GAS, value: limit.wei });
    await expect(pool.receipt(dear.id)).rejects.toMatchObject({ code: "SPENDING_LIMIT" });
    expect(await sent()).toBe(4);
    await pool.close();
    pool = await createSigningPool({ ...options, size: 2 });
    await until(async () => {
      await anvil.mine();
      return pool?.status().open === 0;
    });
    for (let index = 0; index < 6; index++) expect(await anvil.counted(to, wordOf(`spend ${index}`))).toBe(1);
  });

  test("a route has no more on its way and no more open than it may, and another one goes on", async () => {
    const routes = { slow: { maxInFlight: 3, maxOpen: 10 } };
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, store, size: 2, routes });
    const submit = (name: string, route: string) => pool?.submit({ to, data: wordOf(name), gas: GAS }, { route });
    const slow = await Promise.all(Array.from({ length: 10 }, (_, index) => submit(`slow ${index}`, "slow")));
    await expect(submit("slow too many", "slow")).rejects.toMatchObject({ code: "QUEUE_FULL" });
    const other = await Promise.all(Array.from({ length: 10 }, (_, index) => submit(`other ${index}`, "other")));
    const sent = async (jobs: typeof slow): Promise<number> => {
      const seen = await Promise.all(jobs.map((job) => pool?.job(job?.id ?? "")));
      return seen.filter((job) => job?.state === "sent").length;
    };
    await until(async () => (await sent(other)) === 10);
    expect(await sent(slow)).toBe(3);
    await until(async () => {
      await anvil.mine();
      expect(await sent(slow)).toBeLessThanOrEqual(3);
      return pool?.status().open === 0;
    });
  });

  test("a caller's quota of gas holds what is on its way by its limit and what was mined by its use", async () => {
    const [key, other] = ["quota-key-0123456789", "route-key-0123456789"];
    const keyHash = (text: string): string => createHash("sha256").update(text).digest("hex");
    const rate = { ratePerSecond: 1_000, burst: 1_000, maxValue: 0n };
    const rights = { ...rate, maxGas: GAS, gasQuota: { gas: 5n * GAS, seconds: DAY } };
    const callers = [
      { name: "game", keySha256: keyHash(key), ...rights },
      { name: "shop", keySha256: keyHash(other), ...rate, routes: ["shop"] },
    ];
    let server: AuthorityServer | undefined;
    const start = async (): Promise<void> => {
      pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, store, size: 2 });
      const routes = { shop: { ratePerSecond: 0.01, burst: 1 } };
      server = await AuthorityServer.start({
        pool,
        metrics: new PoolMetrics(),
        host: "127.0.0.1",
        port: 0,
        callers,
        routes,
      });
    };
    const post = async (name: string, bearer = key, more: object = {}, headers: Record<string, string> = {}) => {
      const response = await fetch(`http://127.0.0.1:${server?.port}/v1/transactions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${bearer}`, ...headers },
        body: JSON.stringify({ to, data: wordOf(name), ...more }),
      });
      return response.status;
    };
    await start();
    expect(await post("too much", key, { gas: String(GAS + 1n) })).toBe(403);
    const names = Array.from({ length: 8 }, (_, index) => `quota ${index}`);
    const answers = await Promise.all(names.map((name) => post(name, key, {}, { "idempotency-key": name.slice(6) })));
    expect(answers.filter((status) => status === 202)).toHaveLength(5);
    expect(answers.filter((status) => status === 429)).toHaveLength(3);
    await server?.close();
    await pool?.close();
    await start();
    expect(await post("after a restart")).toBe(429);
    await until(async () => {
      await anvil.mine();
      return pool?.status().open === 0;
    });
    await server?.close();
    await pool?.close();
    await start();
    // Each has used less than half of its limit.
    expect(await post("room again")).toBe(202);
    expect(await post("no such right", other, { route: "game" })).toBe(403);
    expect(await post("first", other, { route: "shop" })).toBe(202);
    expect(await post("second", other, { route: "shop" })).toBe(429);
    await server?.close();
  });
});
