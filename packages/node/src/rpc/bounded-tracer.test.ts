import { Evm, type StateReader } from "@tributary/evm";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { expect, test } from "vitest";
import { boundedTracer } from "./bounded-tracer.ts";

const target = new Uint8Array(20).fill(0xaa);
/** Runs until the gas is gone. */
const loop = Uint8Array.from([0x5b, 0x60, 0x00, 0x56]);
const codeHash = keccak256(loop);

const state: StateReader = {
  account: (address) => (address[0] === 0xaa ? { nonce: 1n, balance: 0n, codeHash } : undefined),
  storage: () => undefined,
  code: () => loop,
  blockHash: () => undefined,
};

async function traced(deadline: number): Promise<number> {
  const evm = await Evm.create();
  const zero = new Uint8Array(20);
  const block = {
    fork: "prague",
    chainId: 1n,
    number: 1n,
    timestamp: 1n,
    coinbase: zero,
    gasLimit: 1n << 40n,
  } as const;
  const rest = { baseFee: 0n, prevRandao: new Uint8Array(32), blobBaseFee: 1n, transactionGasCap: undefined };
  evm.begin({ ...block, ...rest }, state);
  let looks = 0;
  // Each look at the clock is a millisecond.
  const tracer = boundedTracer({}, deadline, () => ++looks);
  const lists = { data: new Uint8Array(0), accessList: [], blobHashes: [], authorizations: [] };
  const prices = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, maxFeePerBlobGas: 0n, value: 0n };
  const call = { type: 2, sender: zero, to: target, nonce: 0n, gasLimit: 1_000_000n } as const;
  evm.traceCall({ ...call, ...lists, ...prices }, tracer);
  return looks;
}

test("an execution ends when its time is over, and not before", async () => {
  await expect(traced(10)).rejects.toThrow("execution timeout");
  expect(await traced(10_000)).toBeGreaterThan(100);
});
