import { beforeEach, describe, expect, test } from "vitest";
import { Evm } from "./evm.ts";
import { EvmError } from "./evm-error.ts";
import { runPrecompile } from "./precompiles/run-precompile.ts";
import type { Account, BlockEnv, Executed, StateReader, Transaction } from "./types.ts";

const address = (n: number): Uint8Array => new Uint8Array(Buffer.from(n.toString(16).padStart(40, "0"), "hex"));
const code = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const contract = 0xc0de;

const block: BlockEnv = {
  ...{ fork: "osaka", chainId: 1n, number: 1n, timestamp: 1n, coinbase: address(1), gasLimit: 1n << 60n },
  ...{ baseFee: 0n, prevRandao: new Uint8Array(32), blobBaseFee: 1n, transactionGasCap: undefined },
};

function transaction(gasLimit: bigint): Transaction {
  return {
    ...{ type: 2, sender: address(0xa11ce), to: address(contract), nonce: 0n, gasLimit, value: 0n },
    ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, maxFeePerBlobGas: 0n, data: new Uint8Array(), accessList: [] },
    ...{ blobHashes: [], authorizations: [] },
  };
}

/** One contract, whose code is `text` in hexadecimal, or whatever `give` makes of it. */
function stateOf(text: string, give?: () => Uint8Array): StateReader {
  return {
    account(at: Uint8Array): Account | undefined {
      const isContract = at[19] === (contract & 0xff) && at[18] === contract >> 8;
      return isContract ? { nonce: 1n, balance: 0n, codeHash: new Uint8Array(32).fill(text.length) } : undefined;
    },
    storage: () => undefined,
    code: () => give?.() ?? code(text),
    blockHash: () => undefined,
  };
}

/** 1 as output. */
const answersOne = "60015f5260205ff3";

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function codeOf(error: unknown): string {
  return error instanceof EvmError ? error.code : `no EvmError: ${error}`;
}

describe("what stops the engine ends the block and nothing else", () => {
  let evm: Evm;
  let precompile: typeof runPrecompile;

  beforeEach(async () => {
    precompile = runPrecompile;
    evm = await Evm.create((id, input, gas, fork) => precompile(id, input, gas, fork));
  });

  /** The block is lost, and the next one executes as on a new machine. */
  function expectRecovery(): void {
    const work = [
      () => evm.execute(transaction(100_000n)),
      () => evm.call(transaction(100_000n)),
      () => evm.account(address(contract)),
      () => evm.changes(),
      () => evm.blockGasUsed,
    ];
    for (const one of work) expect(codeOf(thrownBy(one))).toBe("EVM_NO_BLOCK");
    evm.begin(block, stateOf(answersOne));
    expect(evm.changes()).toEqual({ accounts: [], storage: [], codes: [] });
    const outcome = evm.execute(transaction(100_000n)) as Executed;
    expect([outcome.status, outcome.output[31], evm.blockGasUsed]).toEqual(["success", 1, outcome.gasUsed]);
  }

  test("a trap of the WebAssembly", () => {
    // No code can be so long; the module finds no room for it, and stops at its `unreachable`.
    const giant = new Uint8Array(0x0900_0000);
    for (let round = 0; round < 3; round++) {
      evm.begin(
        block,
        stateOf("00", () => giant),
      );
      const error = thrownBy(() => evm.execute(transaction(100_000n)));
      expect(codeOf(error)).toBe("EVM_TRAP");
      expect((error as Error).cause).toMatchObject({ name: "RuntimeError" });
      expectRecovery();
    }
  });

  test("a trap in a call", () => {
    evm.begin(
      block,
      stateOf("00", () => new Uint8Array(0x0900_0000)),
    );
    expect(codeOf(thrownBy(() => evm.call(transaction(100_000n))))).toBe("EVM_TRAP");
    expectRecovery();
  });

  test("logs beyond all room, with gas that no block has", () => {
    // LOG0 of a megabyte for ever.
    evm.begin(block, stateOf("5b621000005fa05f56"));
    expect(codeOf(thrownBy(() => evm.execute(transaction(1n << 40n))))).toBe("EVM_TRAP");
    expectRecovery();
  });

  test("no stack left", () => {
    const deeper = (depth: number): Uint8Array => deeper(depth + 1).subarray(1);
    evm.begin(
      block,
      stateOf("00", () => deeper(0)),
    );
    expect(codeOf(thrownBy(() => evm.execute(transaction(100_000n))))).toBe("EVM_TRAP");
    expectRecovery();
  });

  test("a state reader that throws: its own error, from transactions and accounts", () => {
    const lost = new Error("the disk is gone");
    const broken: StateReader = {
      ...stateOf("00"),
      account: () => {
        throw lost;
      },
    };
    evm.begin(block, broken);
    expect(thrownBy(() => evm.execute(transaction(100_000n)))).toBe(lost);
    expectRecovery();
    evm.begin(block, broken);
    expect(thrownBy(() => evm.account(address(5)))).toBe(lost);
    expectRecovery();
  });

  test("a precompile that throws, in the middle of calls", () => {
    const bug = new TypeError("undefined is not a function");
    precompile = () => {
      throw bug;
    };
    // CALL of precompile 2, whose failure the contract would not see: it answers 1 whatever that gives.
    evm.begin(block, stateOf(`5f5f5f5f5f60025af150${answersOne}`));
    const error = thrownBy(() => evm.execute(transaction(1_000_000n)));
    expect(codeOf(error)).toBe("EVM_PRECOMPILE");
    expect((error as Error).cause).toBe(bug);
    expectRecovery();
  });

  test("a precompile with more output than there is room for", () => {
    precompile = () => ({ ok: true, gasUsed: 1n, output: new Uint8Array(0x0400_0001) });
    evm.begin(block, stateOf(`5f5f5f5f5f60025af150${answersOne}`));
    expect(codeOf(thrownBy(() => evm.execute(transaction(1_000_000n))))).toBe("EVM_PRECOMPILE");
    expectRecovery();
  });

  test("what was executed before in the block is lost with it", () => {
    let breaks = false;
    const state = stateOf("6001600155", () => {
      if (breaks) throw new Error("gone");
      return code("6001600155");
    });
    evm.begin(block, state);
    expect(evm.execute(transaction(100_000n))).toMatchObject({ status: "success" });
    expect(evm.changes().storage).toHaveLength(1);
    breaks = true;
    evm.begin(block, {
      ...state,
      account: (at) => ({ ...state.account(at), nonce: 0n, balance: 0n, codeHash: at }) as Account,
    });
    thrownBy(() => evm.execute(transaction(100_000n)));
    expectRecovery();
  });
});

test("memory that frames made the instance grow by is given back with the next block", async () => {
  const evm = await Evm.create();
  evm.begin(block, stateOf(answersOne));
  const small = evm.memoryBytes;
  // Calls itself with all gas, 32 kB in each frame: as deep as the gas lets it.
  evm.begin(block, stateOf("5f617fe0525f5f5f5f5f305af1"));
  expect(evm.execute(transaction(1_000_000_000n))).toMatchObject({ status: "success" });
  const grown = evm.memoryBytes;
  expect(grown - small).toBeGreaterThan(10_000_000);
  expect(grown - small).toBeLessThan(40_000_000);
  // Three frames of 32 MB, which is more than is kept from block to block.
  evm.begin(block, stateOf("5f6301ffffe0525f5f5f5f5f305af1"));
  expect(evm.execute(transaction(8_000_000_000n))).toMatchObject({ status: "success" });
  expect(evm.memoryBytes).toBeGreaterThan(1_200_000_000);
  evm.begin(block, stateOf(answersOne));
  expect(evm.memoryBytes).toBe(small);
});
