import { addresses, hex, TestChain } from "@tributary/chain/chain/chain.fixture";
import { FEES_CODE } from "@tributary/chain/genesis/fees-code";
import { FEES_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { feesAbi } from "@tributary/contracts/abi/fees.generated";
import { compilePredeploy } from "@tributary/contracts/compile";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { type Address, encodeFunctionData, type Hex } from "viem";
import { afterEach, beforeEach, expect, test } from "vitest";

const OWNER = 0;
const PRICE = 10n ** 10n;
const RICH = 10n ** 20n;
const treasury = new Uint8Array(20).fill(0x77);
const shop = new Uint8Array(20).fill(0x66);
const ANY: Hex = `0x${"00".repeat(31)}02`;
const SELECTOR = hex("0x11223344");
const at = (index: number): Uint8Array => addresses[index] ?? new Uint8Array(20);
/** Returns GASPRICE and BASEFEE. */
const PRICES = hex("0x3a5f524860205260405ff3");

let t: TestChain;
beforeEach(async () => {
  t = await TestChain.open({ genesis: { owner: toHex(at(OWNER)) } });
});
afterEach(() => t.chain.close());

// biome-ignore lint/suspicious/noExplicitAny: arguments of any of the contract's functions
function feesCall(from: number, nonce: bigint, functionName: any, args: any): Uint8Array {
  const data = fromHex(encodeFunctionData({ abi: feesAbi, functionName, args })) ?? new Uint8Array();
  return t.sign(from, { nonce, to: FEES_ADDRESS, data, gasLimit: 200_000n });
}

const sponsor = (target: Uint8Array, selector: Hex): readonly unknown[] => [
  [{ target: toHex(target) as Address, selector, sponsored: true }],
];

async function charge(): Promise<void> {
  await t.block(feesCall(OWNER, 0n, "setPrice", [PRICE, toHex(treasury)]));
}

const statuses = (): unknown => t.chain.receipts("latest")?.map(({ receipt }) => receipt.status);

test("the code at its address is what the source compiles to", () => {
  expect(compilePredeploy("Fees.sol").get("Fees")).toBe(FEES_CODE);
});

test("a chain whose owner asks for nothing shows and charges nothing", async () => {
  await t.block(t.sign(1, { nonce: 0n, to: at(2), price: PRICE }));
  expect(t.chain.head.header).toMatchObject({ baseFeePerGas: 0n, beneficiary: new Uint8Array(20) });
  expect(t.chain.balance(at(1))).toBe(RICH);
  expect(t.chain.receipts("latest")?.[0]).not.toHaveProperty("gasPrice");
  expect(t.chain.nextGasPrice).toBe(0n);
});

test("a price holds from the next block on, is what everybody pays whatever they offer, and goes to the treasury", async () => {
  await charge();
  expect(statuses()).toEqual([1]);
  expect(t.chain.head.header.baseFeePerGas).toBe(0n);
  expect(t.chain.balance(at(OWNER))).toBe(RICH);
  expect(t.chain.nextGasPrice).toBe(PRICE);

  const to = at(2);
  await t.block(
    t.sign(1, { nonce: 0n, to, gasLimit: 21_000n, value: 5n, price: 7n * PRICE }),
    t.sign(3, { type: 0, nonce: 0n, to, gasLimit: 50_000n, price: PRICE }),
  );
  const fee = 21_000n * PRICE;
  expect(statuses()).toEqual([1, 1]);
  expect(t.chain.head.header).toMatchObject({ baseFeePerGas: PRICE, beneficiary: treasury });
  expect([t.chain.balance(at(1)), t.chain.balance(at(3))]).toEqual([RICH - fee - 5n, RICH - fee]);
  expect(t.chain.balance(treasury)).toBe(2n * fee);
  expect(t.chain.receipts("latest")?.map(({ gasPrice }) => gasPrice)).toEqual([PRICE, PRICE]);
  // What a trace executes again comes to the same.
  const seen: bigint[] = [];
  await t.chain.replay("latest", 2, ({ nonce }) => {
    seen.push(nonce);
    return undefined;
  });
  expect(seen).toEqual([0n, 0n]);
});

test("two members that execute the same containers come to the same blocks", async () => {
  const other = await TestChain.open({ genesis: { owner: toHex(at(OWNER)) } });
  const blocks = [
    [feesCall(OWNER, 0n, "setPrice", [PRICE, toHex(treasury)])],
    [t.sign(1, { nonce: 0n, to: at(2), price: PRICE }), t.sign(1, { nonce: 1n, to: at(2) })],
    [feesCall(OWNER, 1n, "setPrice", [0n, toHex(treasury)]), t.sign(1, { nonce: 1n, to: at(2), price: PRICE })],
    [t.sign(1, { nonce: 2n, to: at(2) })],
  ];
  for (const block of blocks) {
    await t.block(...block);
    await other.block(...block);
    expect(other.chain.head.hash).toEqual(t.chain.head.hash);
  }
  expect(t.chain.nonce(at(1))).toBe(3n);
  expect(t.chain.head.header.baseFeePerGas).toBe(0n);
  await other.chain.close();
});

test("whoever offers less is refused by the pool and by calls, and skipped in a block", async () => {
  await charge();
  const low = { nonce: 0n, to: at(2), price: PRICE - 1n };
  const message = expect.stringContaining("max fee per gas less than block base fee");
  const rejection = { code: "fee-cap-too-low", message };
  expect(await t.chain.submit(t.sign(1, low))).toMatchObject({ kind: "rejected", rejection });
  expect(await t.chain.call({ from: at(1), to: at(2), gasPrice: PRICE - 1n })).toMatchObject({
    kind: "invalid",
    rejection,
  });
  const result = await t.block(t.sign(1, low));
  expect(result.transactions.map(({ mark }) => mark)).toEqual(["skipped"]);
  expect(await t.chain.submit(t.sign(1, { ...low, price: PRICE }))).toMatchObject({ kind: "accepted" });
});

test("balances are checked with the price: by the pool for all that waits, by estimates, and in a block", async () => {
  await charge();
  const poor = 5;
  const rest = 100_000n * PRICE;
  await t.block(
    t.sign(poor, { nonce: 0n, to: at(2), gasLimit: 21_000n, value: RICH - rest - 21_000n * PRICE, price: PRICE }),
  );
  expect(t.chain.balance(at(poor))).toBe(rest);
  const refused = { kind: "rejected", rejection: { code: "insufficient-funds" } };
  const draft = { to: at(2), price: 9n * PRICE };
  expect(await t.chain.submit(t.sign(poor, { ...draft, nonce: 1n, gasLimit: 100_001n }))).toMatchObject(refused);
  expect(await t.chain.submit(t.sign(poor, { ...draft, nonce: 1n, gasLimit: 60_000n }))).toMatchObject({
    kind: "accepted",
  });
  expect(await t.chain.submit(t.sign(poor, { ...draft, nonce: 2n, gasLimit: 40_001n }))).toMatchObject(refused);
  expect(await t.chain.submit(t.sign(poor, { ...draft, nonce: 2n, gasLimit: 40_000n }))).toMatchObject({
    kind: "accepted",
  });
  const loop = { state: [{ address: shop, code: hex("0x5b5f56") }] };
  const endless = { from: at(poor), to: shop, gasPrice: PRICE };
  expect(await t.chain.estimateGas(endless, "latest", loop)).toMatchObject({
    message: "gas required exceeds allowance (100000)",
  });
  const result = await t.block(t.sign(poor, { ...draft, nonce: 1n, gasLimit: 100_001n }));
  expect(result.transactions.map(({ mark }) => mark)).toEqual(["skipped"]);
});

test("calls that the owner sponsors pay nothing where they offer less, and the owner never has to pay", async () => {
  await charge();
  const selector = toHex(Uint8Array.from([...SELECTOR, ...new Uint8Array(28)])) as Hex;
  await t.block(feesCall(OWNER, 1n, "setSponsorships", sponsor(shop, selector)));
  expect(statuses()).toEqual([1]);
  expect(t.chain.balance(at(OWNER))).toBe(RICH);

  const call = { to: shop, data: SELECTOR, gasLimit: 100_000n };
  expect(await t.chain.submit(t.sign(1, { ...call, nonce: 0n }))).toMatchObject({ kind: "accepted" });
  const { transactions } = await t.block(
    t.sign(1, { ...call, nonce: 0n }),
    t.sign(2, { ...call, nonce: 0n, data: hex("0x11223355") }),
    t.sign(3, { ...call, nonce: 0n, price: PRICE }),
  );
  expect(transactions.map(({ mark }) => mark)).toEqual(["executed", "skipped", "executed"]);
  expect(t.chain.balance(at(1))).toBe(RICH);
  expect(t.chain.balance(at(3))).toBeLessThan(RICH);
  expect(t.chain.receipts("latest")?.map(({ gasPrice }) => gasPrice)).toEqual([0n, PRICE]);

  await t.block(feesCall(OWNER, 2n, "setSponsorships", sponsor(shop, ANY)));
  const any = await t.block(t.sign(2, { ...call, nonce: 0n, data: hex("0x11223355") }));
  expect(any.transactions.map(({ mark }) => mark)).toEqual(["executed"]);
  expect(t.chain.balance(at(2))).toBe(RICH);
});

test("what the owner sponsors is mined by the owner's credit, whoever sends it, and counts against it", async () => {
  // All accounts here have nothing behind them but for the owner.
  await t.block(feesCall(OWNER, 0n, "setSponsorships", sponsor(shop, ANY)));
  const call = { to: shop, data: SELECTOR, gasLimit: 100_000n };
  await t.chain.submit(t.sign(4, { nonce: 0n, to: at(2), gasLimit: 21_000n }));
  await t.chain.submit(t.sign(5, { ...call, nonce: 0n }));
  await t.chain.submit(t.sign(6, { ...call, nonce: 0n }));
  const waiting = [...t.chain.pool.executable()];
  expect(waiting.map(({ sender, lane }) => [sender, lane])).toEqual([
    [toHex(at(5)), "history"],
    [toHex(at(6)), "history"],
    [toHex(at(4)), "fresh"],
  ]);

  await t.block(...waiting.map(({ raw }) => raw));
  const used = t.chain.receipts("latest")?.map(({ receipt }) => receipt.gasUsed) ?? [];
  const { debt } = t.chain.standing(at(OWNER));
  expect(t.chain.standing(at(5)).debt).toBe(0);
  expect(t.chain.standing(at(4)).debt).toBe(21_000);
  expect(debt).toBeGreaterThanOrEqual((used[0] ?? 0) + (used[1] ?? 0));

  // Once nothing is sponsored, everybody stands alone again.
  await t.block(
    feesCall(OWNER, 1n, "setSponsorships", [[{ target: toHex(shop) as Address, selector: ANY, sponsored: false }]]),
  );
  await t.chain.submit(t.sign(6, { ...call, nonce: 1n }));
  expect([...t.chain.pool.executable()].map(({ lane }) => lane)).toEqual(["fresh"]);
});

test("what is sponsored has a part of the pool, and leaves the rest to others", async () => {
  await t.chain.close();
  t = await TestChain.open({
    genesis: { owner: toHex(at(OWNER)) },
    pool: { count: 40, bytes: 1_000_000, perAccount: 32 },
  });
  await t.block(feesCall(OWNER, 0n, "setSponsorships", sponsor(shop, ANY)));
  const taken: string[] = [];
  for (let nonce = 0n; nonce < 12n; nonce++) {
    const call = { nonce, to: shop, data: SELECTOR, gasLimit: 100_000n };
    taken.push((await t.chain.submit(t.sign(5, call))).kind);
  }
  expect(taken.filter((kind) => kind === "accepted")).toHaveLength(10);
  expect(await t.chain.submit(t.sign(4, { nonce: 0n, to: at(2) }))).toMatchObject({ kind: "accepted" });
});

test("nobody but the owner sets prices", async () => {
  await t.block(
    feesCall(1, 0n, "setPrice", [PRICE, toHex(at(1))]),
    feesCall(2, 0n, "setSponsorships", sponsor(shop, ANY)),
  );
  expect(statuses()).toEqual([0, 0]);
  expect(t.chain.nextGasPrice).toBe(0n);
});

test("code sees the price, in calls that offer it and in simulations, which charge it too", async () => {
  await charge();
  await t.block();
  const state = [{ address: shop, code: PRICES }];
  const prices = async (gasPrice: bigint): Promise<readonly bigint[]> => {
    const result = await t.chain.call({ from: at(1), to: shop, gasPrice }, "latest", { state });
    if (result.kind !== "success") throw new Error(result.kind);
    return [result.data.subarray(0, 32), result.data.subarray(32)].map((word) => BigInt(toHex(word)));
  };
  expect(await prices(3n * PRICE)).toEqual([PRICE, PRICE]);
  expect(await prices(0n)).toEqual([0n, PRICE]);

  const fields = { type: 2 as const, from: at(1), to: shop, gas: 100_000n, maxPriorityFeePerGas: 0n };
  const calls = [
    { ...fields, maxFeePerGas: 2n * PRICE },
    { ...fields, maxFeePerGas: 0n },
  ];
  const options = { ...{ validation: false, traceTransfers: false, gas: 1_000_000n }, check: () => undefined };
  const [block] = await t.chain.simulate("latest", [{ block: {}, state, calls }], {
    ...options,
    bounded: (tracer) => tracer,
  });
  expect(block?.outcomes.map(({ gasPrice }) => gasPrice)).toEqual([PRICE, 0n]);
  expect(block?.block.header).toMatchObject({ baseFeePerGas: PRICE, beneficiary: treasury });
});
