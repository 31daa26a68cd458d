import { paysTips } from "@tributary/chain/block/header-codec";
import { addresses, hex, TestChain } from "@tributary/chain/chain/chain.fixture";
import { FEES_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { feesAbi } from "@tributary/contracts/abi/fees.generated";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { encodeFunctionData } from "viem";
import { afterEach, beforeEach, expect, test } from "vitest";

const OWNER = 0;
const FLOOR = 10n ** 9n;
const CEILING = 10n ** 12n;
const RICH = 10n ** 20n;
const GAS = 1_000_000;
const TRANSFER = 21_000n;
const treasury = new Uint8Array(20).fill(0x77);
const to = new Uint8Array(20).fill(0x66);
const at = (index: number): Uint8Array => addresses[index] ?? new Uint8Array(20);
const ANY = `0x${"00".repeat(31)}02`;
/** Creation code that uses up all of its gas. */
const ENDLESS = hex("5b5f56");

let t: TestChain;
let ownerNonce = 0n;
beforeEach(async () => {
  ownerNonce = 0n;
  t = await TestChain.open({ genesis: { owner: toHex(at(OWNER)), gasLimit: GAS } });
});
afterEach(() => t.chain.close());

// biome-ignore lint/suspicious/noExplicitAny: arguments of any of the contract's functions
function byOwner(functionName: any, args: any): Uint8Array {
  const data = fromHex(encodeFunctionData({ abi: feesAbi, functionName, args })) ?? new Uint8Array();
  return t.sign(OWNER, { nonce: ownerNonce++, to: FEES_ADDRESS, data, gasLimit: 200_000n });
}

const begin = (): Promise<unknown> => t.block(byOwner("setOrdinaryFees", [FLOOR, CEILING, toHex(treasury)]));
const burn = (from: number, nonce: bigint, gasLimit: bigint): Uint8Array =>
  t.sign(from, { nonce, data: ENDLESS, gasLimit, price: CEILING, tip: 0n });
const baseFee = (): bigint => t.chain.head.header.baseFeePerGas;

test("the base fee starts at the floor, rises with full blocks, falls with empty ones, and stays between its bounds", async () => {
  await begin();
  expect([baseFee(), t.chain.nextGasPrice]).toEqual([0n, FLOOR]);
  await t.block(burn(1, 0n, 1_000_000n));
  expect(t.chain.head.header).toMatchObject({ baseFeePerGas: FLOOR, gasUsed: GAS, beneficiary: treasury });
  expect(paysTips(t.chain.head.header)).toBe(true);
  expect(t.chain.nextGasPrice).toBe((FLOOR * 9n) / 8n);
  await t.block(burn(1, 1n, 500_000n));
  expect(baseFee()).toBe((FLOOR * 9n) / 8n);
  expect(t.chain.nextGasPrice).toBe(baseFee());
  await t.block(burn(1, 2n, 1_000_000n));
  expect(t.chain.nextGasPrice).toBe((FLOOR * 81n) / 64n);
  await t.block();
  expect(t.chain.nextGasPrice).toBe((FLOOR * 567n) / 512n);
  await t.block();
  expect(t.chain.nextGasPrice).toBe(FLOOR);
  const cap = FLOOR + 5n;
  await t.block(byOwner("setOrdinaryFees", [FLOOR, cap, toHex(treasury)]));
  await t.block(burn(1, 3n, 1_000_000n));
  await t.block();
  expect(baseFee()).toBe(cap);
  // And back to a fixed price, and to none.
  await t.block(byOwner("setPrice", [7n, toHex(treasury)]));
  await t.block();
  expect([baseFee(), paysTips(t.chain.head.header)]).toEqual([7n, false]);
});

test("base fee and tip go to the treasury, to the wei, whatever the transaction's type", async () => {
  await begin();
  await t.block(
    t.sign(1, { nonce: 0n, to, gasLimit: TRANSFER, value: 5n, price: 3n * FLOOR, tip: 7n }),
    t.sign(2, { nonce: 0n, to, gasLimit: 50_000n, price: FLOOR + 2n, tip: FLOOR }),
    t.sign(3, { type: 0, nonce: 0n, to, gasLimit: TRANSFER, price: 2n * FLOOR }),
    t.sign(4, { type: 1, nonce: 0n, to, gasLimit: TRANSFER, price: FLOOR }),
  );
  const prices = [FLOOR + 7n, FLOOR + 2n, 2n * FLOOR, FLOOR];
  expect(t.chain.receipts("latest")?.map(({ gasPrice }) => gasPrice)).toEqual(prices);
  const fees = prices.map((price) => TRANSFER * price);
  expect([1, 2, 3, 4].map((from) => RICH - t.chain.balance(at(from)))).toEqual([5n + fees[0]!, ...fees.slice(1)]);
  expect(t.chain.balance(treasury)).toBe(fees.reduce((a, b) => a + b));
  // A trace comes to the same, or the replay would end with store-damaged.
  let replayed = 0;
  await t.chain.replay("latest", 4, () => {
    replayed++;
    return undefined;
  });
  expect(replayed).toBe(4);
});

test("the sender must have all that it offers, as on Ethereum: in a block, in the pool and in an estimate", async () => {
  await begin();
  const offer = { nonce: 0n, to, gasLimit: TRANSFER, price: 2n * FLOOR, tip: 0n };
  const most = RICH - TRANSFER * offer.price;
  const over = t.sign(1, { ...offer, value: most + 1n });
  expect(await t.chain.submit(over)).toMatchObject({ kind: "rejected", rejection: { code: "insufficient-funds" } });
  const result = await t.block(over, t.sign(2, { ...offer, value: most }));
  expect(result.transactions.map(({ mark }) => mark)).toEqual(["skipped", "executed"]);
  const call = { from: at(1), to, value: most + 1n, gas: TRANSFER, gasPrice: 2n * FLOOR, maxPriorityFeePerGas: 0n };
  expect(await t.chain.call(call)).toMatchObject({ kind: "invalid", rejection: { code: "insufficient-funds" } });
  expect(await t.chain.call({ ...call, value: most })).toMatchObject({ kind: "success" });
});

test("who offers less than a base fee that rose is kept for later, by the block and by the pool, and not lost", async () => {
  await begin();
  const slow = t.sign(1, { nonce: 0n, to, gasLimit: TRANSFER, price: FLOOR, tip: 0n });
  const behind = t.sign(1, { nonce: 1n, to, gasLimit: TRANSFER, price: CEILING, tip: 0n });
  await t.block(burn(2, 0n, 1_000_000n));
  expect(await t.chain.submit(slow)).toMatchObject({ kind: "accepted" });
  expect(await t.chain.submit(behind)).toMatchObject({ kind: "accepted" });
  expect([...t.chain.pool.executable()]).toEqual([]);
  const low = t.sign(3, { nonce: 0n, to, gasLimit: TRANSFER, price: FLOOR - 1n, tip: 0n });
  expect(await t.chain.submit(low)).toMatchObject({ kind: "rejected", rejection: { code: "fee-cap-too-low" } });

  const { transactions } = await t.block(slow);
  expect(transactions.map(({ mark }) => mark)).toEqual(["left-out"]);
  expect(t.chain.poolStatus().pending).toBe(2);
  await t.block();
  expect(t.chain.nextGasPrice).toBe(FLOOR);
  expect([...t.chain.pool.executable()].map(({ raw }) => raw)).toEqual([slow, behind]);
  expect((await t.block(slow, behind)).transactions.map(({ mark }) => mark)).toEqual(["executed", "executed"]);
});

test("those who pay stand in line by their tips, and before those whom the owner pays for", async () => {
  await begin();
  const sponsored = [{ target: toHex(to), selector: ANY, sponsored: true }];
  await t.block(byOwner("setSponsorships", [sponsored]));
  const tips: readonly (readonly [number, bigint])[] = [
    [1, 5n],
    [2, 9n],
    [3, 1n],
  ];
  for (const [from, tip] of tips) {
    await t.chain.submit(t.sign(from, { nonce: 0n, to, gasLimit: TRANSFER, price: 2n * FLOOR, tip }));
  }
  await t.chain.submit(t.sign(2, { nonce: 1n, to, gasLimit: TRANSFER, price: 2n * FLOOR, tip: 3n }));
  await t.chain.submit(t.sign(4, { nonce: 0n, to, gasLimit: TRANSFER }));
  const line = [...t.chain.pool.executable()].map(({ sender, lane }) => [addresses.map(toHex).indexOf(sender), lane]);
  expect(line).toEqual([
    [2, "history"],
    [1, "history"],
    [2, "history"],
    [3, "history"],
    [4, "fresh"],
  ]);
});

test("a full pool makes room for who pays the base fee by dropping who does not", async () => {
  await t.chain.close();
  t = await TestChain.open({
    genesis: { owner: toHex(at(OWNER)), gasLimit: GAS },
    pool: { count: 4, bytes: 1_000_000, perAccount: 4 },
  });
  ownerNonce = 0n;
  await begin();
  await t.block(burn(2, 0n, 1_000_000n));
  const offer = (from: number, nonce: bigint, price: bigint): Promise<{ kind: string }> =>
    t.chain.submit(t.sign(from, { nonce, to, gasLimit: TRANSFER, price, tip: 0n }));
  for (const [from, price] of [
    [1, FLOOR + 1n],
    [3, FLOOR],
    [4, FLOOR + 2n],
    [5, FLOOR + 3n],
  ] as const) {
    expect(await offer(from, 0n, price)).toMatchObject({ kind: "accepted" });
  }
  // One that could not be mined now drops nobody.
  expect(await offer(6, 0n, FLOOR + 4n)).toMatchObject({ kind: "rejected", rejection: { code: "pool-full" } });
  expect(await offer(6, 0n, CEILING)).toMatchObject({ kind: "accepted" });
  const waiting = t.chain.pendingTransactions().map(({ sender }) => addresses.map(toHex).indexOf(toHex(sender)));
  expect(waiting.sort()).toEqual([1, 4, 5, 6]);
});

test("what waits below a floor that the owner raises is dropped: heights would run for it for ever", async () => {
  await begin();
  await t.block(burn(2, 0n, 1_000_000n));
  const offer = (nonce: bigint, price: bigint): Uint8Array =>
    t.sign(1, { nonce, to, gasLimit: TRANSFER, price, tip: 0n });
  await t.chain.submit(offer(0n, FLOOR));
  await t.chain.submit(offer(1n, CEILING));
  await t.block(byOwner("setOrdinaryFees", [2n * FLOOR, CEILING, toHex(treasury)]));
  expect(t.chain.pendingTransactions().map(({ nonce }) => nonce)).toEqual([1n]);
  expect([...t.chain.pool.ready()]).toEqual([]);
});

test("simulated blocks move the base fee, and charge it with the tip", async () => {
  await begin();
  await t.block(burn(2, 0n, 1_000_000n));
  const fields = { type: 2 as const, from: at(1), gas: 900_000n, maxFeePerGas: CEILING, maxPriorityFeePerGas: 11n };
  const full = { ...fields, data: ENDLESS };
  const options = { ...{ validation: false, traceTransfers: false, gas: 10_000_000n }, check: () => undefined };
  const plans = [
    { block: {}, state: [], calls: [full] },
    { block: {}, state: [], calls: [{ ...fields, to, gas: TRANSFER }] },
    { block: { baseFee: 5n }, state: [], calls: [{ ...fields, to, gas: TRANSFER }] },
  ];
  const blocks = await t.chain.simulate("latest", plans, { ...options, bounded: (tracer) => tracer });
  const first = (FLOOR * 9n) / 8n;
  const second = first + (first * 400_000n) / 500_000n / 8n;
  expect(blocks.map(({ block }) => block.header.baseFeePerGas)).toEqual([first, second, 5n]);
  expect(blocks.map(({ outcomes }) => outcomes[0]?.gasPrice)).toEqual([first + 11n, second + 11n, 16n]);
  expect(blocks[0]?.block.header.beneficiary).toEqual(treasury);
});
