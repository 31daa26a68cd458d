import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { BodyVerdict } from "@tributary/protocol/ports/execution";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COIN_CREATION_CODE } from "../executor/coin.fixture.ts";
import { buildGenesis } from "../genesis/genesis.ts";
import type { KeyValueStore, StoreSnapshot, Write } from "../store/key-value-store.ts";
import { LevelStore } from "../store/level-store.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { createAddress } from "../transaction/recover.ts";
import { auditDirectory } from "./audit-directory.ts";
import { addresses, genesisParameters, hex, TestChain, word } from "./chain.fixture.ts";
import type { Chain } from "./chain.ts";
import type { BlockEvent } from "./reader.ts";

const [alice, bob, carol] = addresses as [Uint8Array, Uint8Array, Uint8Array];
const coin = createAddress(alice, 0n);
const transferTo = (to: Uint8Array, amount: bigint): Uint8Array => concat(hex("a9059cbb"), word(to), word(amount));

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "chain-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Fails all writes once told to. */
class BreakingStore implements KeyValueStore {
  broken = false;
  readonly #inner: KeyValueStore;

  constructor(inner: KeyValueStore) {
    this.#inner = inner;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#inner.get(key);
  }

  write(batch: readonly Write[]): Promise<void> {
    return this.broken ? Promise.reject(new Error("disk full")) : this.#inner.write(batch);
  }

  range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    return this.#inner.range(start, end);
  }

  snapshot(): StoreSnapshot {
    return this.#inner.snapshot();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe("on disk", () => {
  test("is the same when opened again, and goes on", async () => {
    const first = await TestChain.open({ storage: { directory } });
    await first.block(first.sign(0, { data: hex(COIN_CREATION_CODE) }));
    await first.block(
      first.sign(0, { nonce: 1n, to: coin, data: transferTo(bob, 7n) }),
      first.sign(1, { to: carol, value: 5n }),
    );
    await first.block();
    const before = [1, 2, 3].map((number) => [first.chain.block(number), first.chain.receipts(number)]);
    // Executed but not certified: gone after a restart.
    await first.execute([first.sign(0, { nonce: 2n, to: bob, value: 1n })]);
    await first.chain.close();

    const second = await TestChain.open({ storage: { directory } });
    expect(second.chain.head.header.number).toBe(3);
    expect(second.chain.executor.committed).toBe(3);
    const after = [1, 2, 3].map((number) => [second.chain.block(number), second.chain.receipts(number)]);
    expect(after).toEqual(before);
    expect(second.chain.nonce(alice)).toBe(2n);
    await second.block(second.sign(0, { nonce: 2n, to: coin, data: transferTo(bob, 1n) }));
    const audit = await second.chain.audit();
    expect(toHex(audit.root)).toBe(toHex(second.chain.head.header.stateRoot));
    expect(audit.badCode).toEqual([]);
    await second.chain.close();
  });

  test("the root recomputed from raw LevelDB equals the header at every height", async () => {
    const t = await TestChain.open({ storage: { directory } });
    for (let i = 0; i < 12; i++) {
      const nonce = BigInt(i);
      const draft =
        i === 0 ? { data: hex(COIN_CREATION_CODE) } : { to: coin, data: transferTo(addresses[i % 8]!, BigInt(i)) };
      await t.block(
        t.sign(0, { nonce, ...draft }),
        t.sign(1, { nonce, to: addresses[(3 * i) % 8]!, value: 10n ** 18n }),
      );
      const audit = await t.chain.audit();
      expect(toHex(audit.root)).toBe(toHex(t.chain.head.header.stateRoot));
      expect(audit.accounts).toBeGreaterThan(10);
    }
    await t.chain.close();
    expect(await auditDirectory(directory)).toMatchObject({ ok: true, blockNumber: 12 });
    const store = await LevelStore.open(join(directory, "state"));
    await store.write([{ key: concat(hex("61"), alice), value: undefined }]);
    await store.close();
    expect(await auditDirectory(directory)).toMatchObject({ ok: false });
  });

  test("refuses another genesis and damage", async () => {
    const t = await TestChain.open({ storage: { directory } });
    await t.block(t.sign(0, { to: bob, value: 1n }));
    await t.chain.close();
    await expect(TestChain.open({ storage: { directory }, genesis: { name: "other" } })).rejects.toMatchObject({
      code: "genesis-mismatch",
    });
    const store = await LevelStore.open(join(directory, "state"));
    await store.write([{ key: concat(hex("75"), Uint8Array.of(9)), value: new Uint8Array(2048).fill(1) }]);
    await store.close();
    await expect(TestChain.open({ storage: { directory } })).rejects.toMatchObject({ code: "store-damaged" });
    await writeFile(join(directory, "state", "CURRENT"), "nonsense");
    await expect(TestChain.open({ storage: { directory } })).rejects.toMatchObject({ code: "store-damaged" });
  });

  test("a commit that fails leaves the last block whole, and says so once", async () => {
    const store = new BreakingStore(new MemoryStore());
    const t = await TestChain.open({ storage: { store } });
    await t.block(t.sign(0, { to: bob, value: 1n }));
    await t.execute([t.sign(0, { nonce: 1n, to: bob, value: 1n })]);
    store.broken = true;
    void t.commit(2);
    await expect.poll(() => t.failures).toEqual([new Error("disk full")]);
    store.broken = false;
    const again = await TestChain.open({ storage: { store } });
    expect(again.chain.head.header.number).toBe(1);
    expect(again.chain.nonce(alice)).toBe(1n);
    expect(toHex((await again.chain.audit()).root)).toBe(toHex(again.chain.head.header.stateRoot));
  });
});

describe("layers above the certified block", () => {
  test("build on each other and show only when certified", async () => {
    const t = await TestChain.open();
    for (let i = 0; i < 4; i++) await t.execute([t.sign(0, { nonce: BigInt(i), to: bob, value: 1n })]);
    expect(t.chain.head.header.number).toBe(0);
    expect(t.chain.nonce(alice)).toBe(0n);
    for (let height = 1; height <= 4; height++) {
      await t.commit(height);
      expect(t.chain.nonce(alice)).toBe(BigInt(height));
      expect(t.chain.balance(bob)).toBe(10n ** 20n + BigInt(height));
    }
  });

  test("are dropped by a rollback, and execution goes on from the certified block", async () => {
    const t = await TestChain.open();
    await t.block(t.sign(0, { to: bob, value: 1n }));
    const kept = await t.execute([t.sign(0, { nonce: 1n, to: bob, value: 2n })]);
    await t.execute([t.sign(0, { nonce: 2n, to: bob, value: 4n })]);
    t.rollback();
    const again = await t.execute([t.sign(0, { nonce: 1n, to: bob, value: 2n })]);
    expect(again).toEqual(kept);
    await t.commit(2);
    expect(t.chain.balance(bob)).toBe(10n ** 20n + 3n);
  });

  test("a rollback keeps what is certified but not written yet", async () => {
    const t = await TestChain.open();
    await t.execute([t.sign(0, { to: bob, value: 1n })]);
    await t.execute([t.sign(0, { nonce: 1n, to: bob, value: 2n })]);
    await t.execute([t.sign(0, { nonce: 2n, to: bob, value: 4n })]);
    const [first, second] = [t.commit(1), t.commit(2)];
    t.chain.executor.rollback();
    await Promise.all([first, second]);
    t.rollback();
    await t.block(t.sign(0, { nonce: 2n, to: bob, value: 8n }));
    expect(t.chain.balance(bob)).toBe(10n ** 20n + 11n);
    expect(t.failures).toEqual([]);
  });

  test("a rollback in the middle of an execution drops it unheard", async () => {
    const t = await TestChain.open();
    let heard = false;
    void t.execute([t.sign(0, { to: bob, value: 1n })]).then(() => {
      heard = true;
    });
    await Promise.resolve();
    t.rollback();
    await t.block(t.sign(0, { to: bob, value: 2n }));
    expect(heard).toBe(false);
    expect(t.chain.balance(bob)).toBe(10n ** 20n + 2n);
  });

  test("state of recent blocks can still be read, older state says that it is gone", async () => {
    const t = await TestChain.open();
    await t.block(t.sign(0, { data: hex(COIN_CREATION_CODE) }));
    for (let i = 1; i < 70; i++) await t.block(t.sign(0, { nonce: BigInt(i), to: coin, data: transferTo(bob, 1n) }));
    const balanceOf = concat(hex("70a08231"), word(bob));
    for (const number of [70, 69, 40, 10]) {
      expect(t.chain.nonce(alice, number)).toBe(BigInt(number));
      const read = await t.chain.call({ to: coin, data: balanceOf }, number);
      expect(read).toMatchObject({ kind: "success", data: word(BigInt(number - 1)) });
    }
    expect(() => t.chain.nonce(alice, 3)).toThrow(expect.objectContaining({ code: "state-pruned" }));
    expect(() => t.chain.nonce(alice, 71)).toThrow(expect.objectContaining({ code: "unknown-block" }));
    await expect(async () => t.chain.call({ to: coin }, 3)).rejects.toMatchObject({ code: "state-pruned" });
  });

  test("a call that began before a commit sees the state that it began with", async () => {
    const t = await TestChain.open();
    // Loops long enough to be overtaken by a commit, then returns the balance of the caller's first word.
    const code = hex("6190005b6001900380600357505f35315f5260205ff3");
    const call = t.chain.call({ to: carol, data: word(bob), gas: 30_000_000n }, "latest", {
      state: [{ address: carol, code }],
    });
    await t.block(t.sign(0, { to: bob, value: 1n }));
    expect(t.chain.balance(bob)).toBe(10n ** 20n + 1n);
    expect(await call).toMatchObject({ kind: "success", data: word(10n ** 20n) });
  });
});

describe("reading", () => {
  test("blocks by number, hash and tag", async () => {
    const t = await TestChain.open();
    await t.block();
    const { hash } = t.chain.head;
    for (const id of ["latest", "safe", "finalized", "pending", 1, hash] as const) {
      expect(toHex(t.chain.block(id)!.hash)).toBe(toHex(hash));
    }
    expect(t.chain.block("earliest")!.header.number).toBe(0);
    expect(t.chain.block(2)).toBeUndefined();
    expect(t.chain.block(new Uint8Array(32))).toBeUndefined();
  });

  test("transactions and receipts by hash and place", async () => {
    const t = await TestChain.open();
    const raw = t.sign(1, { to: carol, value: 5n });
    await t.block(t.sign(0, { data: hex(COIN_CREATION_CODE) }), raw);
    const hash = t.chain.head.transactionHashes[1]!;
    const found = t.chain.transaction(hash)!;
    expect(toHex(found.transaction.raw)).toBe(toHex(raw));
    expect(toHex(found.transaction.sender)).toBe(toHex(bob));
    expect(found).toMatchObject({ blockNumber: 1, transactionIndex: 1 });
    expect(t.chain.transactionAt("latest", 1)).toEqual(found);
    expect(t.chain.receipt(hash)).toMatchObject({ receipt: { status: 1, gasUsed: 21_000 }, firstLogIndex: 1 });
    expect(t.chain.receipts(1)).toHaveLength(2);
    expect(t.chain.transaction(new Uint8Array(32))).toBeUndefined();
  });

  test("logs by range, emitter and topics", async () => {
    const t = await TestChain.open();
    await t.block(t.sign(0, { data: hex(COIN_CREATION_CODE) }));
    await t.block();
    await t.block(
      t.sign(0, { nonce: 1n, to: coin, data: transferTo(bob, 1n) }),
      t.sign(0, { nonce: 2n, to: coin, data: transferTo(carol, 2n) }),
    );
    const all = await t.chain.logs({ fromBlock: 0, toBlock: 3 });
    expect(all.map(({ blockNumber, logIndex }) => [blockNumber, logIndex])).toEqual([
      [1, 0],
      [3, 0],
      [3, 1],
    ]);
    const toCarol = { addresses: [coin], topics: [[], [word(alice)], [word(carol), word(new Uint8Array(20).fill(9))]] };
    const [found, ...others] = await t.chain.logs({ fromBlock: 0, toBlock: 3, ...toCarol });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ blockNumber: 3, transactionIndex: 1, logIndex: 1 });
    expect(toHex(found!.transactionHash)).toBe(toHex(t.chain.head.transactionHashes[1]!));
    expect(await t.chain.logs({ fromBlock: 0, toBlock: 3, addresses: [bob] })).toEqual([]);
    expect(await t.chain.logs({ fromBlock: 0, toBlock: 3, topics: [[], [], [], []] })).toEqual([]);
    expect(await t.chain.logs({ fromBlock: 2, toBlock: 2 })).toEqual([]);
    expect(t.chain.logsOfBlock(3, { addresses: [coin] })).toHaveLength(2);
    await t.block();
    await expect(t.chain.logs({ fromBlock: -20_000, toBlock: 4 })).rejects.toMatchObject({ code: "limit-exceeded" });
  });

  test("blocks are announced in order with their logs", async () => {
    const t = await TestChain.open();
    const events: BlockEvent[] = [];
    const stop = t.chain.onBlock((event) => events.push(event));
    await t.block(t.sign(0, { data: hex(COIN_CREATION_CODE) }));
    await t.block();
    stop();
    await t.block();
    expect(events.map(({ block, logs }) => [block.header.number, logs.length])).toEqual([
      [1, 1],
      [2, 0],
    ]);
  });

  test("a call is refused where a transaction would be", async () => {
    const t = await TestChain.open();
    expect(await t.chain.call({ from: new Uint8Array(20).fill(5), to: bob, value: 1n })).toMatchObject({
      kind: "invalid",
      rejection: { code: "insufficient-funds" },
    });
    expect(await t.chain.call({ to: bob, gas: 20_999n })).toMatchObject({
      kind: "invalid",
      rejection: { code: "intrinsic-gas", message: "intrinsic gas too low: gas 20999, minimum needed 21000" },
    });
    expect(await t.chain.call({ to: bob }, "latest", { state: [{ address: bob, code: hex("fe") }] })).toMatchObject({
      kind: "halt",
      message: "invalid opcode",
    });
  });
});

describe("genesis", () => {
  test("is a function of its parameters, each of which shows in its hash", () => {
    const hash = (overrides: Parameters<typeof genesisParameters>[0] = {}): string =>
      toHex(buildGenesis(genesisParameters(overrides)).block.hash);
    const all = [
      hash(),
      hash({ name: "other" }),
      hash({ chainId: 1n }),
      hash({ owner: "0x00000000000000000000000000000000000000ab" }),
      hash({ timestamp: 5 }),
      hash({ gasLimit: 5 }),
      hash({ byteLimit: 5 }),
      hash({ allocation: [] }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(hash()).toBe(all[0]);
  });

  test("an allocation named twice is summed, and funds of a contract's address stay", async () => {
    const deployer = "0x4e59b44847b379578588920cA78FbF26c0B4956C" as const;
    const t = await TestChain.open({
      genesis: { allocation: [1n, 2n, 4n].map((balance) => ({ address: deployer, balance })) },
    });
    expect(t.chain.balance(hex(deployer))).toBe(7n);
    expect(t.chain.code(hex(deployer)).length).toBe(69);
    expect(toHex((await t.chain.audit()).root)).toBe(toHex(t.chain.head.header.stateRoot));
  });
});

describe("body rules", () => {
  const check = (chain: Chain, body: Uint8Array): Promise<BodyVerdict> =>
    new Promise((resolve) => chain.bodies.check(body, resolve));

  test("sum up sound bodies", async () => {
    const t = await TestChain.open();
    const transactions = Array.from({ length: 120 }, (_, i) =>
      t.sign(i % 8, { nonce: BigInt(i), to: bob, gasLimit: 21_000n + BigInt(i) }),
    );
    const verdict = await check(t.chain, t.chain.bodies.encode(transactions));
    expect(verdict).toMatchObject({ ok: true, txCount: 120, gas: 120 * 21_000 + 60 * 119, largestGas: 21_119 });
    expect(verdict.ok && new Set(verdict.hashes).size).toBe(120);
    expect(await check(t.chain, t.chain.bodies.encode([]))).toEqual({
      ok: true,
      txCount: 0,
      gas: 0,
      largestGas: 0,
      hashes: [],
    });
  });

  test("refuse what no honest member sends", async () => {
    const t = await TestChain.open();
    const sound = t.sign(0, { to: bob });
    const other = await TestChain.open({ genesis: { chainId: 5n } });
    const bodies = [
      t.chain.bodies.encode([sound, sound]),
      t.chain.bodies.encode([sound, Uint8Array.of(3, 0xc0)]),
      other.chain.bodies.encode([sound]),
      concat(t.chain.bodies.encode([sound]), Uint8Array.of(0)),
      new Uint8Array(0),
      t.chain.bodies.encode([t.sign(0, { to: bob, gasLimit: 2n ** 63n })]),
    ];
    for (const body of bodies) expect(await check(t.chain, body)).toMatchObject({ ok: false });
  });
});
