import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addresses, hex, START, TestChain } from "./chain.fixture.ts";

/** Stores 1 at slot 0 and emits a log when it is called: SSTORE, LOG0. */
const INITCODE = hex("0x600b600c600039600b6000f3600160005560006000a000");

let folder: string;
let chain: TestChain;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tributary-development-"));
  chain = await TestChain.open({ storage: { directory: folder } });
});

afterEach(async () => {
  await chain.chain.close();
  await rm(folder, { recursive: true });
});

const transfer = (nonce: bigint, value = 5n): Uint8Array =>
  chain.sign(0, { nonce, to: addresses[1] ?? new Uint8Array(20), value });

/** What is on disk gives the root that the head names. */
async function expectSound(): Promise<void> {
  const { root, badCode } = await chain.chain.audit();
  expect(root).toEqual(chain.chain.head.header.stateRoot);
  expect(badCode).toEqual([]);
}

async function reopen(): Promise<void> {
  await chain.chain.close();
  chain = await TestChain.open({ storage: { directory: folder } });
}

test("a reverted chain is what it was: blocks, state, receipts, pool; and goes on from there", async () => {
  const { development } = chain.chain;
  await chain.block(transfer(0n));
  await chain.chain.submit(transfer(1n));
  const before = { head: chain.chain.head, balance: chain.chain.balance(addresses[1] ?? new Uint8Array()) };
  const id = await development.snapshot();

  const second = await chain.block(transfer(1n), transfer(2n));
  await chain.block(chain.sign(1, { nonce: 0n, data: INITCODE }));
  await chain.block(chain.sign(2, { nonce: 0n, to: addresses[3] ?? new Uint8Array(), value: 9n }));
  const mined = chain.chain.block(2)?.transactionHashes[0] ?? new Uint8Array();
  expect(second.transactions).toHaveLength(2);
  expect(chain.chain.receipt(mined)).toBeDefined();
  const gone = chain.chain.head.hash;

  expect(await development.revert(id)).toBe(true);
  expect(chain.chain.head).toEqual(before.head);
  expect(chain.chain.balance(addresses[1] ?? new Uint8Array())).toBe(before.balance);
  expect(chain.chain.nonce(addresses[0] ?? new Uint8Array())).toBe(1n);
  expect(chain.chain.nonce(addresses[2] ?? new Uint8Array())).toBe(0n);
  expect(chain.chain.receipt(mined)).toBeUndefined();
  expect(chain.chain.block(gone)).toBeUndefined();
  expect(chain.chain.block(2)).toBeUndefined();
  // What waited then waits again, though it was mined meanwhile.
  expect([...chain.chain.pool.executable()].map(({ raw }) => raw)).toEqual([transfer(1n)]);
  await expectSound();
  expect(await development.revert(id)).toBe(false);

  await chain.block(transfer(1n));
  expect(chain.chain.head).toMatchObject({ height: 5, header: { number: 2 } });
  expect(chain.chain.head.header.parentHash).toEqual(before.head.hash);
  expect(chain.chain.nonce(addresses[0] ?? new Uint8Array(), 1)).toBe(1n);
  expect(chain.failures).toEqual([]);
});

test("what was reverted stays so over a restart, and the next container is the one that follows", async () => {
  await chain.block(transfer(0n));
  const id = await chain.chain.development.snapshot();
  await chain.block(transfer(1n));
  await chain.block(transfer(2n));
  await chain.chain.submit(transfer(3n));
  expect(await chain.chain.development.revert(id)).toBe(true);
  const { head } = chain.chain;
  await reopen();
  expect(chain.chain.head.hash).toEqual(head.hash);
  expect(chain.chain.executor.committed).toBe(3);
  expect(chain.chain.poolStatus()).toMatchObject({ pending: 0, queued: 0 });
  expect(await chain.chain.development.revert(id)).toBe(false);
  await chain.block(transfer(1n));
  expect(chain.chain.head).toMatchObject({ height: 4, header: { number: 2 } });
  await expectSound();
});

test("snapshots nest: an outer one takes back what inner ones did, and them", async () => {
  const { development } = chain.chain;
  const outer = await development.snapshot();
  await chain.block(transfer(0n));
  const inner = await development.snapshot();
  await chain.block(transfer(1n));
  expect(await development.revert(inner)).toBe(true);
  await chain.block(transfer(1n, 7n));
  const late = await development.snapshot();
  expect(await development.revert(outer)).toBe(true);
  expect(await development.revert(late)).toBe(false);
  expect(chain.chain.head.header.number).toBe(0);
  expect(chain.chain.nonce(addresses[0] ?? new Uint8Array())).toBe(0n);
  await expectSound();
});

test("the clock is moved for later blocks, over a restart too, and back with a snapshot", async () => {
  await chain.block();
  const id = await chain.chain.development.snapshot();
  const { timestamp } = chain.chain.head.header;
  expect(await chain.chain.development.increaseTime(86_400)).toBe(86_400);
  await reopen();
  await chain.block();
  expect(chain.chain.head.header.timestamp).toBe(Math.floor((START * 1000 + 2 * 700) / 1000) + 86_400);
  expect(await chain.chain.development.increaseTime(100)).toBe(86_500);
  const again = await chain.chain.development.snapshot();
  expect(await chain.chain.development.setNextTime(timestamp + 200_000)).toBe(true);
  await chain.block();
  expect(chain.chain.head.header.timestamp).toBe(timestamp + 200_000);
  await chain.block();
  expect(chain.chain.head.header.timestamp).toBe(timestamp + 200_000);
  await chain.block();
  expect(chain.chain.head.header.timestamp).toBe(timestamp + 200_001);
  expect(await chain.chain.development.setNextTime(timestamp)).toBe(false);
  expect(await chain.chain.development.revert(again)).toBe(true);
  await chain.block();
  expect(chain.chain.head.header.timestamp).toBe(Math.floor((START * 1000 + 6 * 700) / 1000) + 86_500);
  expect(await chain.chain.development.revert(id)).toBe(false);
});

test("what happens between two blocks waits for those that are executed and not committed", async () => {
  const done: string[] = [];
  await chain.execute([transfer(0n)]);
  const taken = chain.chain.development.snapshot().then((id) => {
    done.push("snapshot");
    return id;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual([]);
  await chain.commit(1);
  const id = await taken;
  expect(await chain.chain.development.revert(id)).toBe(true);
  expect(chain.chain.head.header.number).toBe(1);
});

test("a chain that closes refuses what waits for a block's certificate", async () => {
  await chain.execute([transfer(0n)]);
  const refused = expect(chain.chain.development.snapshot()).rejects.toMatchObject({ code: "closed" });
  await chain.chain.close();
  await refused;
});
