import { EvmError } from "@tributary/evm/evm-error";
import { expect, test, vi } from "vitest";
import { CHAIN_ID, genesisParameters, hex, TestChain, word } from "../chain/chain.fixture.ts";
import type { StateReader } from "../state/state-view.ts";
import { addressOf, keyOf } from "../transaction/sign.fixture.ts";
import type { CallContext } from "./block-executor.ts";
import { EvmBlockExecutor } from "./evm-block-executor.ts";

// The engine's limits are not the same on every machine: whoever meets one in a block must stop, not disagree.

/** LOG0 of a megabyte for ever: with more gas than any block has, it runs out of room. */
const logFlood = hex("5b621000005fa05f56");
const HUGE = 1_000_000_000_000;

const [alice, bob] = [addressOf(keyOf(0)), addressOf(keyOf(1))];

const context: CallContext = {
  fork: { rules: 1, name: "prague", evm: "prague", transactionGas: undefined },
  ...{ number: 1, timestamp: 1, gasLimit: 30_000_000, prevRandao: word(0n), parentHash: word(0n) },
  ...{ parentBeaconBlockRoot: word(0n), blockHash: () => undefined, parent: { gasLimit: 30_000_000, gasUsed: 0 } },
};

test("a trap in a block stops the member: no result, no further block, and the state is as before", async () => {
  const t = await TestChain.open({ genesis: genesisParameters({ gasLimit: HUGE }) });
  await t.block(t.sign(0, { to: bob, value: 1n }));
  const { head } = t.chain;
  let results = 0;
  const counted = (): void => {
    results++;
  };
  void t.execute([t.sign(1, { data: logFlood, gasLimit: 4_000_000_000n })]).then(counted);
  void t.execute([t.sign(2, { to: bob, value: 1n })]).then(counted);
  await vi.waitFor(() => expect(t.failures).not.toEqual([]));
  await t.chain.close();
  expect(t.failures).toHaveLength(1);
  expect(t.failures[0]).toBeInstanceOf(EvmError);
  expect(t.failures[0]).toMatchObject({ code: "EVM_TRAP" });
  expect([results, t.chain.head]).toEqual([0, head]);
});

test("a trap in a call is an error of that call: the executor serves the next", async () => {
  const executor = await EvmBlockExecutor.create(CHAIN_ID);
  const empty: StateReader = { get: () => undefined };
  const ask = async (code: Uint8Array, gas: bigint) =>
    executor.call(empty, context, { to: alice, gas }, [{ address: alice, code }]);
  await expect(ask(logFlood, 4_000_000_000n)).rejects.toMatchObject({ code: "EVM_TRAP" });
  expect(await ask(hex("60015f5260205ff3"), 100_000n)).toMatchObject({ kind: "success", data: word(1n) });
});

test("a store that throws: its error ends the block or the call, and the executor serves the next", async () => {
  const executor = await EvmBlockExecutor.create(CHAIN_ID);
  const lost = new Error("the disk is gone");
  const empty: StateReader = { get: () => undefined };
  const broken: StateReader = {
    get: () => {
      throw lost;
    },
  };
  const begun = async () => executor.begin(broken, context);
  await expect(begun()).rejects.toBe(lost);
  const called = async () => executor.call(broken, context, { to: bob, gas: 100_000n });
  await expect(called()).rejects.toBe(lost);
  const run = await executor.begin(empty, context);
  expect(run.nonce(alice)).toBe(0n);
  const call = await executor.call(empty, context, { to: bob, gas: 100_000n });
  expect(call).toMatchObject({ kind: "success", gasUsed: 21_000n });
});
