import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { answer, ask, solo, soloChainId, useSoloServer } from "./solo-server.testing.ts";

useSoloServer();

test("eth_config names the rules that hold", async () => {
  const { current, next, last } = await answer("eth_config");
  expect([next, last]).toEqual([null, null]);
  const genesis = solo.chain.block(0)?.hash ?? new Uint8Array(0);
  expect(current).toMatchObject({
    ...{ activationTime: 0, chainId: `0x${soloChainId.toString(16)}` },
    forkId: `0x${crc32(genesis).toString(16).padStart(8, "0")}`,
    systemContracts: {
      BEACON_ROOTS_ADDRESS: "0x000f3df6d732807ef1319fb7b8bb8522d0beac02",
      HISTORY_STORAGE_ADDRESS: "0x0000f90827f1c53a10cb7a02335b175320002935",
    },
  });
  const names = Object.keys(current.precompiles);
  expect(names).toEqual([...names].sort());
  expect(current.precompiles).toMatchObject({
    ECREC: `0x${"1".padStart(40, "0")}`,
    BLS12_MAP_FP2_TO_G2: `0x${"11".padStart(40, "0")}`,
  });
  for (const address of Object.values<string>(current.systemContracts)) {
    expect(await answer("eth_getCode", address)).not.toBe("0x");
  }
});

test("eth_capabilities says from which block on what is kept", async () => {
  for (let i = 0; i < 70; i++) await solo.mine();
  const { head, state, blocks, stateproofs } = await answer("eth_capabilities");
  expect(head).toMatchObject({ number: "0x46" });
  expect(stateproofs).toEqual({ disabled: true, instead: "tributary_getProof" });
  // An archive: nothing is dropped.
  expect(blocks).toEqual({ disabled: false, oldestBlock: "0x0" });
  expect(state).toEqual({
    ...{ disabled: false, oldestBlock: "0x6" },
    deleteStrategy: { type: "window", retentionBlocks: "0x40" },
  });
  const address = `0x${"00".repeat(20)}`;
  expect(await answer("eth_getBalance", address, state.oldestBlock)).toBe("0x0");
  expect((await ask("eth_getBalance", address, "0x5")).error.message).toContain("historical state is not available");
});

test("what is not there is refused in words", async () => {
  const proof = await ask("eth_getProof", `0x${"00".repeat(20)}`, [], "latest");
  expect(proof.error).toMatchObject({ code: -32004, message: expect.stringContaining("eth_capabilities") });
  expect(await answer("debug_getBadBlocks")).toEqual([]);
  expect(await answer("eth_baseFee")).toBe("0x0");
});

test("eth_getStorageValues reads slots of several accounts", async () => {
  const history = "0x0000f90827f1c53a10cb7a02335b175320002935";
  const other = `0x${"ab".repeat(20)}`;
  await solo.mine();
  const zero = `0x${"00".repeat(32)}`;
  expect(await answer("eth_getStorageValues", { [history]: [zero], [other]: [zero, "0x1"] }, "latest")).toEqual({
    [history]: [await answer("eth_getStorageAt", history, zero)],
    [other]: [zero, zero],
  });
  expect(await answer("eth_getStorageAt", history, zero)).not.toBe(zero);
  const many = { [other]: new Array(1_025).fill(zero) };
  expect((await ask("eth_getStorageValues", many)).error.message).toContain("too many slots (max 1024)");
  expect((await ask("eth_getStorageValues", {})).error.message).toContain("empty request");
});
