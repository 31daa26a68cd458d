import { type Hex, numberToHex } from "viem";
import { expect, test } from "vitest";
import { answer, ask, rich, solo, soloChainId, useSoloServer } from "./solo-server.testing.ts";

useSoloServer();

const target: Hex = `0x${"7a".repeat(20)}`;
const word = (value: bigint | number): Hex => `0x${value.toString(16).padStart(64, "0")}`;
/** EIP-2935's history: slot (number - 1) of a block holds its parent's hash. */
const history: Hex = "0x0000f90827f1c53a10cb7a02335b175320002935";

test("a storage that is overridden as a whole has nothing else", async () => {
  await solo.mine();
  await solo.mine();
  /** Returns the slots 0 and 1 of the account that it stands in. */
  const code = "0x5f545f5260015460205260405ff3";
  const read = (fields: object): Promise<Hex> =>
    answer("eth_call", { to: history }, "latest", { [history]: { code, ...fields } });
  const before = await read({});
  expect(before.slice(2, 66)).not.toBe("0".repeat(64));
  const zeroth = { [word(0)]: word(5) };
  expect(await read({ stateDiff: zeroth })).toBe(`${word(5)}${before.slice(66)}`);
  expect(await read({ state: zeroth })).toBe(`${word(5)}${word(0).slice(2)}`);
});

test("a block that is overridden is what instructions see", async () => {
  /** Returns number, time, gas limit, coinbase, PREVRANDAO, base fee and blob base fee. */
  const code = "0x435f52426020524560405241606052446080524860a0524a60c05260e05ff3";
  const block = {
    ...{ number: "0x10", time: "0x20", gasLimit: "0x30", feeRecipient: target },
    ...{ prevRandao: word(0x40), baseFeePerGas: "0x50", blobBaseFee: "0x60" },
  };
  const words = [0x10, 0x20, 0x30, BigInt(target), 0x40, 0x50, 0x60].map((value) => word(value).slice(2));
  const seen = await answer("eth_call", { to: target }, "latest", { [target]: { code } }, block);
  expect(seen).toBe(`0x${words.join("")}`);
  // An estimate sees it too: two slots are read where the number is not 0x10.
  const choosing = { [target]: { code: "0x60104314600c575f545f54505b00" } };
  const estimate = async (override: object): Promise<bigint> =>
    BigInt(await answer("eth_estimateGas", { to: target }, "latest", choosing, override));
  expect(await estimate({ number: "0x10" })).toBeLessThan(await estimate({ number: "0x11" }));
});

test("authorisations that a call carries hold while it runs", async () => {
  /** Returns the account that it acts as. */
  const state = { [target]: { code: "0x305f5260205ff3" } };
  const signed = await rich.signAuthorization({ address: target, chainId: Number(soloChainId), nonce: 0 });
  const authorization = {
    ...{ address: target, chainId: numberToHex(soloChainId), nonce: "0x0" },
    ...{ yParity: numberToHex(signed.yParity ?? 0), r: signed.r, s: signed.s },
  };
  const from = `0x${"11".repeat(20)}`;
  const call = { from, to: rich.address, authorizationList: [authorization] };
  expect(await answer("eth_call", call, "latest", state)).toBe(word(BigInt(rich.address)));
  expect(await answer("eth_call", { from, to: rich.address }, "latest", state)).toBe("0x");
  expect(await answer("eth_getCode", rich.address)).toBe("0x");
  const gas = BigInt(await answer("eth_estimateGas", call, "latest", state));
  expect(gas).toBeGreaterThan(46_000n);
  // One that is not signed costs its gas all the same.
  const unsigned = { ...call, authorizationList: [{ address: target, chainId: "0x0", nonce: "0x0" }] };
  expect(BigInt(await answer("eth_estimateGas", unsigned, "latest", state))).toBeGreaterThanOrEqual(46_000n);
  const { error } = await ask("eth_call", { from, authorizationList: [authorization] }, "latest");
  expect(error).toMatchObject({ code: -32602, message: expect.stringContaining("cannot create contracts") });
});
