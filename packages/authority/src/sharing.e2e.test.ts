import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Anvil, MNEMONIC, wordOf } from "./anvil.fixture.ts";
import { createSigningPool, type SigningPool } from "./pool/signing-pool.ts";
import { Postgres } from "./postgres.fixture.ts";
import { type Sql, sql } from "./store/engine.ts";
import { JobStore } from "./store/job-store.ts";

if (!Postgres.isInstalled)
  process.stderr.write("SKIPPED: tests of servers on one PostgreSQL need Debian's postgresql\n");

describe.skipIf(!Postgres.isInstalled && process.env["CI"] === undefined)("servers on one PostgreSQL", () => {
  let anvil: Anvil;
  let postgres: Postgres;
  let to: `0x${string}`;
  const opened: { readonly pool: SigningPool; readonly store: JobStore }[] = [];

  beforeAll(async () => {
    postgres = await Postgres.start();
    anvil = await Anvil.start("--block-time", "0.1");
    to = await anvil.counter();
  });
  afterAll(async () => {
    await anvil?.stop();
    await postgres?.stop();
  });
  afterEach(async () => {
    for (const { pool, store } of opened.splice(0)) {
      await pool.close();
      await store.close();
    }
  });

  async function server(size = 4): Promise<SigningPool> {
    const store = await JobStore.open(postgres.url, 1_000);
    const options = { mnemonic: MNEMONIC, rpcUrl: anvil.rpc, confirmations: 1, pollMs: 20, size, store };
    const pool = await createSigningPool(options);
    opened.push({ pool, store });
    return pool;
  }

  const workers = (pool: SigningPool): string[] => pool.status().signers.map(({ address }) => address);

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await holds()); tries++) {
      if (tries > 3_000) throw new Error("it does not come about");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test("two servers share the signers, one key is one job, and each tells of the other's jobs", async () => {
    const first = await server();
    await until(() => workers(first).length === 4);
    const second = await server();
    await until(() => workers(first).length === 2 && workers(second).length === 2);
    expect(new Set([...workers(first), ...workers(second)]).size).toBe(4);
    const names = Array.from({ length: 60 }, (_, index) => `shared ${index}`);
    const submit = (pool: SigningPool, name: string) =>
      pool.submit({ to, data: wordOf(name) }, { idempotencyKey: name });
    const jobs = await Promise.all(names.flatMap((name) => [submit(first, name), submit(second, name)]));
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(60);
    const receipts = await Promise.all(jobs.map(({ id }, index) => (index % 3 === 0 ? first : second).receipt(id)));
    expect(receipts.every(({ status }) => status === "success")).toBe(true);
    for (const name of names) expect([name, await anvil.counted(to, wordOf(name))]).toEqual([name, 1]);
    const conflict = second.submit({ to, data: wordOf("other") }, { idempotencyKey: "shared 0" });
    await expect(conflict).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });

  test("of writes that wait for each other none is lost", async () => {
    const stores = [await JobStore.open(postgres.url, 60_000), await JobStore.open(postgres.url, 60_000)] as const;
    const names = ["crossed one", "crossed two"];
    const put = (name: string) => sql("INSERT INTO meta (name, value) VALUES (?, '1') ON CONFLICT DO NOTHING", name);
    const [one, two] = names.map(put) as [Sql, Sql];
    // Long enough for the other to hold what comes next.
    const pause = sql("SELECT pg_sleep(0.3)");
    const [left, right] = await Promise.all([stores[0].write([one, pause, two]), stores[1].write([two, pause, one])]);
    expect([left, right].map((counts) => counts.filter((_, at) => at !== 1)).sort()).toEqual([
      [0, 0],
      [1, 1],
    ]);
    for (const name of names) expect(await stores[0].meta(name)).toBe("1");
    for (const store of stores) await store.close();
  });

  test("a server that was taken for dead can send nothing more, and what it had goes on elsewhere", async () => {
    const first = await server();
    await until(() => workers(first).length === 4);
    await anvil.call("evm_setIntervalMining", 0);
    const names = Array.from({ length: 20 }, (_, index) => `left ${index}`);
    const submit = (name: string) => first.submit({ to, data: wordOf(name) }, { idempotencyKey: name });
    const jobs = await Promise.all(names.map(submit));
    // Its signs of life count for nothing, as those of a process that was stopped for long.
    const { store } = opened[0] as (typeof opened)[0];
    const second = await server();
    await until(async () => {
      await store.lease?.leave();
      return workers(second).length === 4;
    });
    await until(async () => (await submit("too late").catch((error) => error.code)) === "CLOSED");
    await anvil.call("evm_setIntervalMining", 1);
    for (const { id } of jobs) await second.receipt(id);
    for (const name of names) expect([name, await anvil.counted(to, wordOf(name))]).toEqual([name, 1]);
    expect(await anvil.counted(to, wordOf("too late"))).toBe(0);
  });
});
