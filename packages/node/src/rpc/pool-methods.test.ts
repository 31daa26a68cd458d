import { getAddress } from "viem";
import { expect, test } from "vitest";
import { answer, ask, rich, sendSolo, sign, solo, useSoloServer } from "./solo-server.testing.ts";

useSoloServer();

const to = `0x${"cc".repeat(20)}` as const;

test("the pool is listed by sender and nonce, behind a gap as queued", async () => {
  const first = await sendSolo({ to, value: 5n, gas: 21_000n });
  await sendSolo({ data: "0x00", gas: 100_000n });
  const third = await sendSolo({ to, nonce: 3, gas: 21_000n });
  expect(await answer("txpool_status")).toEqual({ pending: "0x2", queued: "0x1" });
  const content = await answer("txpool_content");
  const name = getAddress(rich.address);
  expect(Object.keys(content.pending)).toEqual([name]);
  expect(Object.keys(content.pending[name])).toEqual(["0", "1"]);
  expect(content.pending[name]["0"]).toEqual(await answer("eth_getTransactionByHash", first));
  expect(content.queued).toEqual({ [name]: { "3": await answer("eth_getTransactionByHash", third) } });
  expect(await answer("txpool_contentFrom", rich.address)).toEqual({
    pending: content.pending[name],
    queued: content.queued[name],
  });
  expect(await answer("txpool_contentFrom", to)).toEqual({ pending: {}, queued: {} });
  expect(await answer("txpool_inspect")).toEqual({
    pending: {
      [name]: {
        "0": `${getAddress(to)}: 5 wei + 21000 gas × 0 wei`,
        "1": "contract creation: 0 wei + 100000 gas × 0 wei",
      },
    },
    queued: { [name]: { "3": `${getAddress(to)}: 0 wei + 21000 gas × 0 wei` } },
  });
  await solo.mine();
  expect(await answer("txpool_content")).toMatchObject({ pending: {}, queued: { [name]: { "3": {} } } });
});

test("a transaction is answered with its receipt", async () => {
  solo.mineOnArrival();
  const receipt = await answer("eth_sendRawTransactionSync", await sign({ to, value: 1n, gas: 21_000n }));
  expect(receipt).toMatchObject({ status: "0x1", blockNumber: "0x1", to });
  expect(receipt).toEqual(await answer("eth_getTransactionReceipt", receipt.transactionHash));
});

test("a receipt that does not come, and a nonce that is missing, have codes of their own", async () => {
  const raw = await sign({ to, gas: 21_000n });
  const late = await ask("eth_sendRawTransactionSync", raw, 1);
  const { hash } = await answer("txpool_contentFrom", rich.address).then(({ pending }) => pending["0"]);
  expect(late.error).toMatchObject({ code: 4, data: hash });
  const ahead = await ask("eth_sendRawTransactionSync", await sign({ to, gas: 21_000n, nonce: 7 }));
  expect(ahead.error).toMatchObject({ code: 6, data: "0x1" });
  // Sent again it is waited for, and answered once it stands in a block.
  expect((await ask("eth_sendRawTransactionSync", raw, 1)).error).toEqual(late.error);
  await solo.mine();
  expect(await answer("eth_sendRawTransactionSync", raw)).toMatchObject({ transactionHash: hash, status: "0x1" });
  const other = await ask("eth_sendRawTransactionSync", await sign({ to, gas: 21_001n, nonce: 0 }));
  expect(other.error).toMatchObject({ code: -32000, message: expect.stringContaining("nonce too low") });
  expect((await ask("eth_sendRawTransactionSync", raw, "soon")).error.code).toBe(-32602);
});

test("a transaction is found by its sender and nonce, as far back as the state is held", async () => {
  const find = (nonce: string): Promise<unknown> => answer("eth_getTransactionBySenderAndNonce", rich.address, nonce);
  const hashes: string[] = [];
  for (let block = 0; block < 3; block++) {
    for (let i = 0; i < 2; i++) hashes.push(await sendSolo({ to, gas: 21_000n }));
    await solo.mine();
  }
  hashes.push(await sendSolo({ to, gas: 21_000n }));
  for (const [nonce, hash] of hashes.entries()) {
    expect(await find(`0x${nonce}`)).toEqual(await answer("eth_getTransactionByHash", hash));
  }
  expect(await find("0x7")).toBeNull();
  for (let i = 0; i < 65; i++) await solo.mine();
  const { error } = await ask("eth_getTransactionBySenderAndNonce", rich.address, "0x0");
  expect(error).toMatchObject({ code: 4444, message: expect.stringContaining("only in blocks after 4") });
});
