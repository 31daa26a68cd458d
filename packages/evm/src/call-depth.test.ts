import { expect, test } from "vitest";
import { Evm } from "./evm.ts";
import type { Account, BlockEnv, StateReader, Transaction } from "./types.ts";

const address = (n: number): Uint8Array => new Uint8Array([...new Uint8Array(18), n >> 8, n & 0xff]);
const contract = address(0xc0de);

const block: BlockEnv = {
  ...{ fork: "osaka", chainId: 1n, number: 1n, timestamp: 1n, coinbase: address(1), gasLimit: 1n << 50n },
  ...{ baseFee: 0n, prevRandao: new Uint8Array(32), blobBaseFee: 1n, transactionGasCap: undefined },
};

/** More gas than 1024 calls leave nothing of, each keeping a 64th. */
const transaction: Transaction = {
  ...{ type: 2, sender: address(2), to: contract, nonce: 0n, gasLimit: 1n << 45n, value: 0n },
  ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, maxFeePerBlobGas: 0n, data: new Uint8Array() },
  ...{ accessList: [], blobHashes: [], authorizations: [] },
};

/** Frames of WebAssembly on the engine's stack. */
function wasmFrames(): number {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const { stack = "" } = new Error("where");
  Error.stackTraceLimit = limit;
  return stack.split("\n").filter((line) => line.includes("wasm")).length;
}

/** Each frame asks the host for something that no other frame did. */
test.each([
  ["CALL", "5a54505f5f5f5f5f305af1", 1025],
  ["CALLCODE", "5a54505f5f5f5f5f305af2", 1025],
  ["DELEGATECALL", "5a54505f5f5f5f305af4", 1025],
  ["STATICCALL", "5a54505f5f5f5f305afa", 1025],
  // Copies itself into memory and creates with that: the new address is asked for.
  ["CREATE", "385f5f39385f5ff0", 1024],
  ["CREATE2", "385f5f395f385f5ff5", 1024],
])("%s goes 1024 deep in the machine's own frames, not in the engine's", async (_, code, questions) => {
  const depths: number[] = [];
  const known: Account = { nonce: 1n, balance: 0n, codeHash: new Uint8Array(32).fill(1) };
  const state: StateReader = {
    account(at: Uint8Array): Account | undefined {
      if (Buffer.compare(at, contract) === 0) return known;
      if (at.subarray(0, 16).some((byte) => byte !== 0)) depths.push(wasmFrames());
      return undefined;
    },
    storage(): undefined {
      depths.push(wasmFrames());
    },
    code: () => new Uint8Array(Buffer.from(code, "hex")),
    blockHash: () => undefined,
  };
  const evm = await Evm.create();
  evm.begin(block, state);
  expect(evm.execute(transaction)).toMatchObject({ kind: "executed", status: "success" });
  expect(depths).toHaveLength(questions);
  expect(Math.min(...depths)).toBeGreaterThan(0);
  expect(Math.max(...depths)).toBeLessThan(10);
});
