import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addresses, START, TestChain } from "@tributary/chain/chain/chain.fixture";
import { FEES_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { feesAbi } from "@tributary/contracts/abi/fees.generated";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { encodeFunctionData } from "viem";
import { afterEach, beforeEach, expect, test } from "vitest";

const OWNER = 0;
const BUYER = 1;
const PERIOD = BigInt(Math.floor(START / 3_600));
const PRICE = 5n;
/** Gas a second: with 60 s of it there is priority for two transfers, not for three. */
const RATE = 1_000n;
const TRANSFER = 21_000n;
const to = new Uint8Array(20).fill(0x66);
const at = (index: number): Uint8Array => addresses[index] ?? new Uint8Array(20);
const genesis = { owner: toHex(at(OWNER)) };

let t: TestChain;
beforeEach(async () => {
  t = await TestChain.open({ genesis });
});
afterEach(() => t.chain.close());

// biome-ignore lint/suspicious/noExplicitAny: arguments of any of the contract's functions
function call(from: number, nonce: bigint, functionName: any, args: any, value = 0n): Uint8Array {
  const data = fromHex(encodeFunctionData({ abi: feesAbi, functionName, args })) ?? new Uint8Array();
  return t.sign(from, { nonce, to: FEES_ADDRESS, data, value, gasLimit: 400_000n });
}

const sell = (): Uint8Array => call(OWNER, 0n, "setPrioritySale", [PRICE, 10_000n]);
const buy = (from: number, nonce: bigint, rate: bigint, first = PERIOD): Uint8Array =>
  call(from, nonce, "buyPriority", [toHex(at(from)), rate, first, 1n], rate * 3_600n * PRICE);
const statuses = (): unknown => t.chain.receipts("latest")?.map(({ receipt }) => receipt.status);

/** Nobody here has history: that takes ten minutes. */
function transfer(from: number, nonce: bigint, gasLimit = TRANSFER): Uint8Array {
  return t.sign(from, { nonce, to, gasLimit });
}

async function submit(...raw: readonly Uint8Array[]): Promise<string[]> {
  const kinds: string[] = [];
  for (const one of raw) {
    const result = await t.chain.submit(one);
    kinds.push(result.kind === "accepted" ? "accepted" : result.rejection.code);
  }
  return kinds;
}

const line = (): string[] =>
  [...t.chain.pool.executable()].map(({ sender, lane }) => `${addresses.map(toHex).indexOf(sender)} ${lane}`);

test("what an account bought comes first while it lasts, and comes back with time", async () => {
  await t.block(sell());
  await t.block(buy(BUYER, 0n, RATE));
  expect(statuses()).toEqual([1]);
  // The purchase itself used it up.
  const empty = t.chain.standing(at(BUYER)).priority;
  expect(empty).toEqual({ rate: 1_000, left: 0 });

  for (let height = 0; height < 70; height++) await t.block();
  const left = t.chain.standing(at(BUYER)).priority?.left ?? 0;
  expect(left).toBeGreaterThanOrEqual(48_000);
  expect(left).toBeLessThan(50_000);
  await submit(transfer(2, 0n), transfer(BUYER, 1n), transfer(BUYER, 2n), transfer(BUYER, 3n), transfer(3, 0n));
  expect(line()).toEqual(["1 priority", "1 priority", "2 fresh", "3 fresh", "1 fresh"]);

  await t.block(transfer(BUYER, 1n));
  expect(t.chain.standing(at(BUYER)).priority?.left).toBeLessThan(left - 20_000 + 1_000);
  expect(line()).toEqual(["1 priority", "2 fresh", "3 fresh", "1 fresh"]);
});

test("who bought more has more, in proportion; nobody has any before or after the hours that it bought", async () => {
  await t.block(sell());
  await t.block(buy(2, 0n, 2n * RATE), buy(3, 0n, RATE), buy(4, 0n, RATE, PERIOD + 1n));
  expect(statuses()).toEqual([1, 1, 1]);
  for (let height = 0; height < 90; height++) await t.block();
  expect(t.chain.standing(at(4)).priority).toBeUndefined();
  await submit(transfer(3, 1n), transfer(3, 2n), transfer(2, 1n), transfer(2, 2n), transfer(2, 3n));
  expect(line()).toEqual(["3 priority", "2 priority", "2 priority", "3 priority", "2 priority"]);
  expect(await t.chain.development.setNextTime(Number(PERIOD + 1n) * 3_600)).toBe(true);
  await t.block();
  expect([2, 3, 4].map((from) => t.chain.standing(at(from)).priority?.rate)).toEqual([undefined, undefined, 1_000]);
});

test("a transaction that would fill proposals has no priority", async () => {
  await t.block(sell(), buy(BUYER, 0n, 10_000n));
  for (let height = 0; height < 90; height++) await t.block();
  const largest = BigInt(Math.floor(30_000_000 / 64));
  await submit(transfer(BUYER, 1n, largest + 1n));
  expect(line()).toEqual(["1 fresh"]);
  await submit(t.sign(BUYER, { nonce: 1n, to, gasLimit: largest, price: 1n }));
  expect(line()).toEqual(["1 priority"]);
});

test("a member that starts again knows what was used of it", async () => {
  await t.chain.close();
  const directory = await mkdtemp(join(tmpdir(), "priority-"));
  try {
    t = await TestChain.open({ genesis, storage: { directory } });
    await t.block(sell());
    await t.block(buy(BUYER, 0n, RATE));
    for (let height = 0; height < 60; height++) await t.block();
    await t.block(transfer(BUYER, 1n));
    const { priority } = t.chain.standing(at(BUYER));
    expect(priority?.left).toBeLessThan(25_000);
    await t.chain.close();
    t = await TestChain.open({ genesis, storage: { directory } });
    expect(t.chain.standing(at(BUYER)).priority).toEqual(priority);
  } finally {
    await t.chain.close();
    await rm(directory, { recursive: true });
    t = await TestChain.open({ genesis });
  }
});

test("a buyer finds room in a pool that accounts without history filled, within its credit and a part of the pool", async () => {
  await t.chain.close();
  t = await TestChain.open({ genesis, pool: { count: 16, bytes: 1_000_000, perAccount: 16 } });
  await t.block(sell(), buy(BUYER, 0n, 2n * RATE), buy(2, 0n, 1n));
  for (let height = 0; height < 90; height++) await t.block();
  const crowd = Array.from({ length: 9 }, (_, index) => t.sign(100 + index, { to, gasLimit: TRANSFER }));
  expect((await submit(...crowd)).filter((kind) => kind === "accepted")).toHaveLength(8);
  const full = "no-room-without-work";
  const own = [1n, 2n, 3n, 4n, 5n, 6n].map((nonce) => transfer(BUYER, nonce));
  expect(await submit(...own)).toEqual(["accepted", "accepted", "accepted", "accepted", full, full]);
  // What somebody bought next to nothing of opens no door.
  expect(await submit(transfer(2, 1n))).toEqual([full]);
});

test("with ordinary fees bought priority comes before tips, and is paid for as any other gas", async () => {
  const fees = [10n ** 9n, 10n ** 9n, toHex(to)];
  await t.block(sell(), buy(BUYER, 0n, RATE), call(OWNER, 1n, "setOrdinaryFees", fees));
  for (let height = 0; height < 90; height++) await t.block();
  const price = 3n * 10n ** 9n;
  await submit(
    t.sign(2, { nonce: 0n, to, gasLimit: TRANSFER, price }),
    t.sign(BUYER, { nonce: 1n, to, gasLimit: TRANSFER, price, tip: 0n }),
  );
  expect(line()).toEqual(["1 priority", "2 history"]);
  expect(await submit(transfer(BUYER, 2n))).toEqual(["fee-cap-too-low"]);
});
