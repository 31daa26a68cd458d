import { encodeFunctionData, parseAbi } from "viem";
import { expect, test } from "vitest";
import { answer, ask, rich, sendSolo, sign, solo, soloChainId, useSoloServer } from "./solo-server.testing.ts";

useSoloServer();

const FEES = "0x7472696275746172790000000000000000000004";
const feesAbi = parseAbi([
  "function setPrice(uint96 newPrice, address newTreasury)",
  "function setOrdinaryFees(uint96 floor, uint96 ceiling, address newTreasury)",
]);
const treasury = `0x${"77".repeat(20)}` as const;
const to = `0x${"0b".repeat(20)}` as const;
const PRICE = 3_000_000_000n;
const HEX = `0x${PRICE.toString(16)}`;

test("what wallets ask follows the price that the owner set, and so do receipts and balances", async () => {
  expect(await answer("eth_gasPrice")).toBe("0x0");
  await sendSolo({
    to: FEES,
    data: encodeFunctionData({ abi: feesAbi, functionName: "setPrice", args: [PRICE, treasury] }),
  });
  await solo.mine();
  expect(await answer("eth_gasPrice")).toBe(HEX);
  expect(await answer("eth_baseFee")).toBe(HEX);
  expect(await answer("eth_maxPriorityFeePerGas")).toBe("0x0");
  expect((await answer("eth_feeHistory", "0x5", "latest", [50])).baseFeePerGas).toEqual(["0x0", "0x0", HEX]);

  const fees = { maxFeePerGas: 2n * PRICE, maxPriorityFeePerGas: 1n };
  const raw = await rich.signTransaction({
    ...{ type: "eip1559", chainId: Number(soloChainId), nonce: 1, gas: 21_000n, to, value: 1n, ...fees },
  });
  const hash = await answer("eth_sendRawTransaction", raw);
  await solo.mine();
  expect(await answer("eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1", effectiveGasPrice: HEX });
  expect(await answer("eth_getTransactionByHash", hash)).toMatchObject({ gasPrice: HEX });
  expect(await answer("eth_getBlockByNumber", "latest", false)).toMatchObject({ baseFeePerGas: HEX, miner: treasury });
  expect(BigInt(await answer("eth_getBalance", treasury, "latest"))).toBe(21_000n * PRICE);
  expect((await answer("eth_feeHistory", "0x2", "latest", [50])).baseFeePerGas).toEqual(["0x0", HEX, HEX]);

  const poor = `0x${"0c".repeat(20)}`;
  const estimate = await ask("eth_estimateGas", { from: poor, to, value: "0x1", gasPrice: HEX });
  expect(estimate.error.message).toContain("insufficient funds");
  expect(await answer("eth_estimateGas", { from: poor, to })).toBe("0x5208");
});

test("the owner itself never has to pay, so that it can always take its price back", async () => {
  const set = (price: bigint): Promise<`0x${string}`> =>
    sign({ to: FEES, data: encodeFunctionData({ abi: feesAbi, functionName: "setPrice", args: [price, treasury] }) });
  await answer("eth_sendRawTransaction", await set(PRICE));
  await solo.mine();
  const hash = await answer("eth_sendRawTransaction", await set(0n));
  await solo.mine();
  expect(await answer("eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1", effectiveGasPrice: "0x0" });
  expect(await answer("eth_gasPrice")).toBe("0x0");
});

test("with ordinary fees all answers follow the base fee as it moves, and tips are suggested while blocks are crowded", async () => {
  const set = encodeFunctionData({
    abi: feesAbi,
    functionName: "setOrdinaryFees",
    args: [PRICE, 8n * PRICE, treasury],
  });
  await sendSolo({ to: FEES, data: set });
  await solo.mine();
  expect([await answer("eth_gasPrice"), await answer("eth_maxPriorityFeePerGas")]).toEqual([HEX, "0x0"]);
  expect(await answer("eth_getBlockByNumber", "pending", false)).toMatchObject({ baseFeePerGas: HEX });

  const offer = { type: "eip1559", chainId: Number(soloChainId), maxFeePerGas: 8n * PRICE } as const;
  const burn = { ...offer, nonce: 1, gas: 15_900_000n, data: "0x5b5f56", maxPriorityFeePerGas: 9n } as const;
  const first = await answer("eth_sendRawTransaction", await rich.signTransaction(burn));
  const transfer = { ...offer, nonce: 2, gas: 21_000n, to, maxPriorityFeePerGas: 2n } as const;
  const second = await answer("eth_sendRawTransaction", await rich.signTransaction(transfer));
  await solo.mine();
  const used = 15_900_000n + 21_000n;
  const next = PRICE + (PRICE * (used - 15_000_000n)) / 15_000_000n / 8n;
  const quantity = (value: bigint): string => `0x${value.toString(16)}`;
  expect(await answer("eth_getTransactionReceipt", first)).toMatchObject({ effectiveGasPrice: quantity(PRICE + 9n) });
  expect(await answer("eth_getTransactionByHash", second)).toMatchObject({ gasPrice: quantity(PRICE + 2n) });
  expect(BigInt(await answer("eth_getBalance", treasury, "latest"))).toBe(
    used * PRICE + 15_900_000n * 9n + 21_000n * 2n,
  );
  expect(await answer("eth_maxPriorityFeePerGas")).toBe("0x9");
  expect(await answer("eth_gasPrice")).toBe(quantity(next + 9n));
  expect(await answer("eth_baseFee")).toBe(quantity(next));
  expect(await answer("eth_getBlockByNumber", "pending", false)).toMatchObject({ baseFeePerGas: quantity(next) });
  const history = await answer("eth_feeHistory", "0x2", "latest", [0, 90]);
  expect(history).toMatchObject({ baseFeePerGas: ["0x0", HEX, quantity(next)] });
  expect(history.reward).toEqual([
    ["0x0", "0x0"],
    ["0x2", "0x9"],
  ]);

  // An estimate is judged by what the next block charges, but the owner's.
  const call = { from: rich.address, to, maxFeePerGas: quantity(next - 1n) };
  expect(await answer("eth_estimateGas", call)).toBe("0x5208");
  expect((await ask("eth_estimateGas", { ...call, from: treasury })).error.message).toContain(
    "max fee per gas less than block base fee",
  );
  expect(await answer("eth_estimateGas", { ...call, from: treasury, maxFeePerGas: quantity(next) })).toBe("0x5208");
  const trace = await answer("debug_traceTransaction", second, { tracer: "callTracer" });
  expect(trace).toMatchObject({ gasUsed: "0x5208" });
  const simulated = await answer("eth_simulateV1", { blockStateCalls: [{}, {}] });
  expect(simulated.map((block: { baseFeePerGas: string }) => block.baseFeePerGas)).toEqual([quantity(next), HEX]);
});
