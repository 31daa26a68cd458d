import { encodeFunctionData, parseAbi } from "viem";
import { expect, test } from "vitest";
import { answer, ask, rich, sendSolo, sign, solo, soloChainId, useSoloServer } from "./solo-server.testing.ts";

useSoloServer();

const FEES = "0x7472696275746172790000000000000000000004";
const feesAbi = parseAbi(["function setPrice(uint96 newPrice, address newTreasury)"]);
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
