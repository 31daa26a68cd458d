import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@tributary/protocol/bytes/hex";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addresses, CHAIN_ID, hex, keys, TestChain } from "../chain/chain.fixture.ts";
import { createAddress } from "../transaction/recover.ts";
import { type Draft, signAuthorization } from "../transaction/sign.fixture.ts";
import { PoolLog } from "./pool-log.ts";

const [alice, bob, carol] = addresses as [Uint8Array, Uint8Array, Uint8Array];

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pool-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

type Short = Omit<Draft, "chainId">;

async function submit(t: TestChain, from: number, draft: Short): Promise<string> {
  const result = await t.chain.submit(t.sign(from, { to: bob, gasLimit: 21_000n, ...draft }));
  return result.kind === "accepted" ? "ok" : result.rejection.message;
}

function executable(t: TestChain): string[] {
  return [...t.chain.pool.executable()].map(({ sender, raw }) => {
    const decoded = t.chain.pendingTransactions().find((transaction) => toHex(transaction.raw) === toHex(raw))!;
    return `${addresses.map(toHex).indexOf(sender)}:${decoded.nonce}`;
  });
}

describe("admission", () => {
  test("answers in geth's words", async () => {
    const t = await TestChain.open();
    await t.block(t.sign(0, { to: bob }), t.sign(0, { nonce: 1n, to: bob }));
    const raw = t.sign(0, { nonce: 2n, to: bob, gasLimit: 21_000n });
    expect(await t.chain.submit(raw)).toMatchObject({ kind: "accepted" });
    expect(await t.chain.submit(raw)).toMatchObject({ rejection: { code: "already-known", message: "already known" } });
    expect(await submit(t, 0, { nonce: 1n })).toBe("nonce too low: next nonce 2, tx nonce 1");
    expect(await submit(t, 0, { nonce: 3n, value: 10n ** 21n })).toBe(
      `insufficient funds for gas * price + value: balance ${10n ** 20n}, tx cost ${10n ** 21n}, overshot ${9n * 10n ** 20n}`,
    );
    expect(await submit(t, 0, { nonce: 3n, gasLimit: 30_000_001n })).toBe(
      "gas limit reached: exceeds block gas limit: gas 30000001, limit 30000000",
    );
    expect(await submit(t, 0, { nonce: 3n, gasLimit: 20_999n })).toBe(
      "intrinsic gas too low: gas 20999, minimum needed 21000",
    );
    expect(await submit(t, 0, { nonce: 3n, data: new Uint8Array(100).fill(1), gasLimit: 23_000n })).toBe(
      "insufficient gas for floor data gas cost: gas 23000, minimum needed 25000",
    );
    const creation = t.sign(0, { nonce: 3n, data: new Uint8Array(49_153) });
    expect(await t.chain.submit(creation)).toMatchObject({
      rejection: { message: "max initcode size exceeded: code size 49153, limit 49152" },
    });
  });

  test("replaces at 10 % more in cap and tip, and not below", async () => {
    const t = await TestChain.open();
    expect(await submit(t, 0, { price: 100n, tip: 50n })).toBe("ok");
    for (const draft of [
      { price: 109n, tip: 60n },
      { price: 110n, tip: 54n },
      { price: 100n, tip: 50n, value: 1n },
    ]) {
      expect(await submit(t, 0, draft)).toBe("replacement transaction underpriced");
    }
    expect(await submit(t, 0, { price: 110n, tip: 55n })).toBe("ok");
    expect(t.chain.poolStatus()).toMatchObject({ pending: 1, queued: 0 });
    expect(t.chain.pendingTransactions()[0]!.maxFeePerGas).toBe(110n);
    expect(await submit(t, 1, { price: 0n })).toBe("ok");
    expect(await submit(t, 1, { price: 0n, value: 1n })).toBe("replacement transaction underpriced");
    expect(await submit(t, 1, { price: 1n })).toBe("ok");
  });

  test("counts the value of everything that waits, but not of what is replaced", async () => {
    const t = await TestChain.open();
    const most = 10n ** 20n;
    expect(await submit(t, 0, { value: most - 10n })).toBe("ok");
    expect(await submit(t, 0, { nonce: 1n, value: 11n })).toMatch(/^insufficient funds/);
    expect(await submit(t, 0, { nonce: 1n, value: 10n })).toBe("ok");
    expect(await submit(t, 0, { value: most - 11n, price: 1n })).toBe("ok");
  });

  test("a delegating account has one transaction in flight", async () => {
    const t = await TestChain.open();
    const authorizations = [
      signAuthorization({ chainId: CHAIN_ID, address: createAddress(alice, 0n), nonce: 0n }, keys[1]!),
    ];
    await t.block(t.sign(0, { type: 4, to: carol, authorizations }));
    const limit = "in-flight transaction limit reached for delegated accounts";
    expect(await submit(t, 1, { nonce: 2n })).toBe(limit);
    expect(await submit(t, 1, { nonce: 1n })).toBe("ok");
    expect(await submit(t, 1, { nonce: 2n })).toBe(limit);
    expect(await submit(t, 1, { nonce: 1n, price: 5n })).toBe("ok");
  });
});

describe("order and bounds", () => {
  test("future nonces wait until the gap closes", async () => {
    const t = await TestChain.open();
    let arrivals = 0;
    t.chain.pool.onArrival(() => arrivals++);
    for (const nonce of [2n, 3n, 1n]) expect(await submit(t, 0, { nonce })).toBe("ok");
    expect(executable(t)).toEqual([]);
    expect(arrivals).toBe(0);
    expect(t.chain.poolStatus()).toMatchObject({ pending: 0, queued: 3 });
    expect(t.chain.pendingNonce(alice)).toBe(0n);
    expect(await submit(t, 0, { nonce: 0n })).toBe("ok");
    expect(arrivals).toBe(1);
    expect(await submit(t, 1, {})).toBe("ok");
    expect(executable(t)).toEqual(["0:0", "1:0", "0:1", "0:2", "0:3"]);
    expect(t.chain.pendingNonce(alice)).toBe(4n);
    expect(t.chain.poolStatus()).toMatchObject({ pending: 5, queued: 0 });
  });

  test("forgets what was mined, replaced by another or invalid; keeps what was left out; the rest ages", async () => {
    const t = await TestChain.open();
    for (const nonce of [0n, 1n, 2n]) await submit(t, 0, { nonce });
    await submit(t, 1, {});
    const ages = (): number[] => [...t.chain.pool.executable()].map(({ age }) => age);
    expect(ages()).toEqual([0, 0, 0, 0]);
    const otherAtZero = t.sign(0, { to: carol, value: 9n });
    await t.block(otherAtZero);
    expect(executable(t)).toEqual(["1:0", "0:1", "0:2"]);
    expect(ages()).toEqual([1, 1, 1]);
    await t.block();
    expect(ages()).toEqual([1, 1, 1]);
    t.chain.pool.committed([{ raw: t.chain.pendingTransactions()[0]!.raw, mark: "left-out" }]);
    expect(executable(t)).toEqual(["0:1", "1:0", "0:2"]);
    t.chain.pool.committed([{ raw: t.chain.pendingTransactions()[0]!.raw, mark: "skipped" }]);
    expect(executable(t)).toEqual(["1:0"]);
    expect(t.chain.poolStatus()).toMatchObject({ pending: 1, queued: 1 });
  });

  test("takes forwarded transactions with the larger age, and drops bad ones", async () => {
    const t = await TestChain.open();
    const raw = t.sign(0, { to: bob });
    const hash = t.chain.pool.accept(raw, 2)!;
    expect(t.chain.pool.accept(raw, 1)).toBe(hash);
    expect([...t.chain.pool.executable()].map(({ age }) => age)).toEqual([2]);
    t.chain.pool.accept(raw, 5);
    expect([...t.chain.pool.executable()].map(({ age }) => age)).toEqual([5]);
    t.chain.pool.accept(Uint8Array.of(1, 2), 1);
    t.chain.pool.accept(t.sign(9, { to: bob, value: 1n }), 1);
    expect(t.chain.poolStatus().pending).toBe(1);
    expect(t.chain.pool.has(hash)).toBe(true);
    t.chain.pool.committed([{ raw, mark: "executed" }]);
    expect(t.chain.pool.has(hash)).toBe(false);
  });

  test("when full, gives way behind a gap only, largest queue first", async () => {
    const t = await TestChain.open({ pool: { count: 10, bytes: 1_000_000, perAccount: 3 } });
    for (const nonce of [5n, 6n]) expect(await submit(t, 0, { nonce })).toBe("ok");
    expect(await submit(t, 1, { nonce: 7n })).toBe("ok");
    expect(await submit(t, 2, {})).toBe("ok");
    expect(await submit(t, 2, { nonce: 1n })).toBe("ok");
    expect(await submit(t, 3, { nonce: 4n })).toMatch(/^limit exceeded: no room/);
    expect(await submit(t, 3, {})).toBe("ok");
    const left = t.chain
      .pendingTransactions()
      .map(({ nonce, sender }) => `${addresses.map(toHex).indexOf(toHex(sender))}:${nonce}`);
    expect(left.sort()).toEqual(["0:5", "1:7", "2:0", "2:1", "3:0"]);
    for (const from of [4, 5]) expect(await submit(t, from, {})).toBe("ok");
    expect(await submit(t, 6, {})).toMatch(/^limit exceeded: no room/);
    expect(await submit(t, 2, { nonce: 2n })).toMatch(/^limit exceeded: no room/);
    expect(t.chain.poolStatus()).toMatchObject({ pending: 5, queued: 0 });
  });

  test("bounds a sender and the bytes", async () => {
    const t = await TestChain.open({ pool: { count: 100, bytes: 3_000, perAccount: 2 } });
    for (const nonce of [0n, 1n]) expect(await submit(t, 0, { nonce })).toBe("ok");
    expect(await submit(t, 0, { nonce: 2n })).toBe("account limit exceeded: 2 transactions of this sender wait");
    const data = new Uint8Array(1_000).fill(1);
    expect(await submit(t, 1, { data, gasLimit: 100_000n })).toBe("ok");
    expect(await submit(t, 2, { data, gasLimit: 100_000n })).toMatch(/^limit exceeded: no room/);
    expect(t.chain.poolStatus().bytes).toBeLessThanOrEqual(1_500);
  });
});

describe("the log", () => {
  test("brings back everything acknowledged after a crash, and nothing that was mined", async () => {
    const t = await TestChain.open({ storage: { directory } });
    for (const nonce of [0n, 1n, 3n]) await submit(t, 0, { nonce });
    await submit(t, 1, { value: 4n });
    const first = t.chain.pendingTransactions()[0]!.raw;
    await t.block(first);
    const before = t.chain.pendingTransactions().map(({ raw }) => toHex(raw));
    // Closing writes nothing more to the log: what is in the file now is what a killed process leaves.
    const atCrash = await readFile(join(directory, "pool.log"));
    await t.chain.close();
    expect(await readFile(join(directory, "pool.log"))).toEqual(atCrash);
    const again = await TestChain.open({ storage: { directory } });
    expect(again.chain.pendingTransactions().map(({ raw }) => toHex(raw))).toEqual(before);
    expect(executable(again)).toEqual(["1:0", "0:1"]);
    await again.chain.close();
  });

  test.each([1, 5, 9, 60])("a tail torn by %i bytes costs the last record only", async (torn) => {
    const path = join(directory, "log");
    const open = () => PoolLog.open(path, () => []);
    const { log } = await open();
    const raws = [1, 2, 3].map((byte) => new Uint8Array(70).fill(byte));
    for (const raw of raws) await log.append({ raw, age: 1 });
    await log.close();
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - torn));
    const second = await open();
    expect(second.records.map(({ raw }) => raw[0])).toEqual([1, 2]);
    await second.log.append({ raw: raws[2]!, age: 7 });
    await second.log.close();
    const third = await open();
    expect(third.records.map(({ raw, age }) => [raw[0], age])).toEqual([
      [1, 1],
      [2, 1],
      [3, 7],
    ]);
    await third.log.close();
  });

  test("garbage behind the records is cut off, a foreign file is refused", async () => {
    const path = join(directory, "log");
    const { log } = await PoolLog.open(path, () => []);
    await log.append({ raw: Uint8Array.of(1), age: 0 });
    await log.close();
    await appendFile(path, Buffer.alloc(100, 0xee));
    const { log: second, records } = await PoolLog.open(path, () => []);
    expect(records).toHaveLength(1);
    await second.close();
    await writeFile(path, "something else entirely");
    const message = `${path} is not a pool's log`;
    await expect(PoolLog.open(path, () => [])).rejects.toMatchObject({ code: "pool-log", message });
    for (const [format, advice] of [
      [1, "run a version that reads both"],
      [3, "install a newer version"],
    ] as const) {
      await writeFile(path, `tributary-pool-${format}\nand more`);
      const words = `${path} holds on-disk format ${format}, this version reads 2: ${advice}`;
      const refused = { code: "pool-log", message: expect.stringContaining(words) };
      await expect(PoolLog.open(path, () => [])).rejects.toMatchObject(refused);
      expect(await readFile(path, "utf8")).toContain("and more");
    }
  });

  test("damage with acknowledged records behind it is named and nothing is cut off", async () => {
    const path = join(directory, "log");
    const { log } = await PoolLog.open(path, () => []);
    for (const byte of [1, 2, 3]) await log.append({ raw: new Uint8Array(70).fill(byte), age: 1 });
    await log.close();
    const bytes = await readFile(path);
    bytes[17 + 12 + 78 + 40] = 0xee;
    await writeFile(path, bytes);
    const refused = { code: "pool-log", message: expect.stringContaining(`${path} is damaged at offset 107`) };
    await expect(PoolLog.open(path, () => [])).rejects.toMatchObject(refused);
    expect(await readFile(path)).toEqual(bytes);
  });

  test("is written anew from what still waits once most of it is dead, however often it was opened meanwhile", async () => {
    const path = join(directory, "log");
    const live = [{ raw: Uint8Array.of(7, 7), age: 3 }];
    const raw = new Uint8Array(20_000);
    for (let life = 0; life < 6; life++) {
      const { log, records } = await PoolLog.open(path, () => live);
      if (life > 0) expect(records[0]).toEqual({ raw: Uint8Array.of(7, 7), age: 3 });
      for (let i = 0; i < 17; i++) await log.append({ raw, age: 0 });
      expect((await stat(path)).size).toBeLessThan(300 * 1024);
      await log.close();
    }
  });

  test("an acknowledgement comes after the record is on disk", async () => {
    const path = join(directory, "log");
    const { log } = await PoolLog.open(path, () => []);
    const appends = Array.from({ length: 50 }, (_, i) => log.append({ raw: Uint8Array.of(i), age: 0 }));
    await appends[49];
    expect((await readFile(path)).length).toBeGreaterThanOrEqual(17 + 12 + 50 * 9);
    await Promise.all(appends);
    await log.close();
    await expect(log.append({ raw: hex("00"), age: 0 })).rejects.toMatchObject({ code: "closed" });
  });
});
