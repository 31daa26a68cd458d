import { keccak_256 } from "@noble/hashes/sha3.js";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Evm } from "./evm.ts";
import type { Account, BlockEnv, Executed, StateReader, Transaction } from "./types.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const address = (n: number): Uint8Array => bytes(n.toString(16).padStart(40, "0"));
const word = (n: bigint): Uint8Array => bytes(n.toString(16).padStart(64, "0"));

const sender = address(0xa11ce);
const contract = address(0xc0de);
const coinbase = address(0xc01);

const block: BlockEnv = {
  fork: "prague",
  chainId: 1n,
  number: 300n,
  timestamp: 1000n,
  coinbase,
  gasLimit: 30_000_000n,
  baseFee: 7n,
  prevRandao: word(5n),
  blobBaseFee: 1n,
  transactionGasCap: undefined,
};

const transaction: Transaction = {
  type: 2,
  sender,
  to: contract,
  nonce: 0n,
  gasLimit: 1_000_000n,
  maxFeePerGas: 10n,
  maxPriorityFeePerGas: 2n,
  value: 0n,
  data: new Uint8Array(),
  accessList: [],
  blobHashes: [],
  maxFeePerBlobGas: 0n,
  authorizations: [],
};

class State implements StateReader {
  readonly accounts = new Map<string, Account>();
  readonly slots = new Map<string, Uint8Array>();
  readonly codes = new Map<string, Uint8Array>();
  reads = 0;
  put(at: Uint8Array, balance: bigint, code = "", nonce = 0n): void {
    const codeHash = keccak_256(bytes(code));
    this.codes.set(hex(codeHash), bytes(code));
    this.accounts.set(hex(at), { nonce, balance, codeHash });
  }
  account(at: Uint8Array): Account | undefined {
    return this.accounts.get(hex(at));
  }
  storage(at: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    this.reads++;
    return this.slots.get(hex(at) + hex(slot));
  }
  code(hash: Uint8Array): Uint8Array {
    return this.codes.get(hex(hash)) ?? new Uint8Array();
  }
  blockHash(number: bigint): Uint8Array | undefined {
    return word(number + 1n);
  }
}

describe("Evm", () => {
  let evm: Evm;
  let state: State;
  const identityOnly = (_: number, input: Uint8Array): { ok: boolean; gasUsed: bigint; output: Uint8Array } => ({
    ok: true,
    gasUsed: 10n,
    output: input,
  });

  beforeAll(async () => {
    evm = await Evm.create(identityOnly);
  });

  beforeEach(() => {
    state = new State();
    state.put(sender, 10n ** 18n);
  });

  function begin(code: string, environment: BlockEnv = block): void {
    state.put(contract, 0n, code, 1n);
    evm.begin(environment, state);
  }

  function execute(changed: Partial<Transaction> = {}): Executed {
    const outcome = evm.execute({ ...transaction, ...changed });
    if (outcome.kind !== "executed") throw new Error(outcome.reason);
    return outcome;
  }

  it("moves value, pays base fee to nobody and the priority fee to the coinbase", () => {
    evm.begin(block, state);
    const outcome = execute({ to: address(0xb0b), value: 5n });
    expect([outcome.status, outcome.gasUsed, evm.blockGasUsed]).toEqual(["success", 21_000n, 21_000n]);
    const empty = keccak_256(new Uint8Array());
    expect(evm.changes()).toEqual({
      accounts: [
        [address(0xb0b), { nonce: 0n, balance: 5n, codeHash: empty }],
        [coinbase, { nonce: 0n, balance: 42_000n, codeHash: empty }],
        [sender, { nonce: 1n, balance: 10n ** 18n - 5n - 21_000n * 9n, codeHash: empty }],
      ],
      storage: [],
      codes: [],
    });
  });

  it("shows a transaction's changes to the next, whose original value they are", () => {
    // storage[0] = calldata word 0
    begin("5f355f55");
    expect(execute({ data: word(1n) }).gasUsed).toBe(21_000n + 16n + 31n * 4n + 7n + 22_100n);
    expect(execute({ nonce: 1n, data: word(2n) }).gasUsed).toBe(21_000n + 16n + 31n * 4n + 7n + 5_000n);
    const cleared = execute({ nonce: 2n, data: word(0n) });
    const spent = 21_000n + 32n * 4n + 7n + 5_000n;
    expect([cleared.gasUsed, cleared.refund]).toEqual([spent - 4_800n, 4_800n]);
    expect([evm.changes().storage, state.reads]).toEqual([[], 1]);
  });

  it("undoes storage, transient storage, logs, warmth and refunds of a reverted frame", () => {
    const inner = address(0x1111);
    state.slots.set(hex(inner) + hex(word(0n)), word(9n));
    // sstore(0, 0); tstore(0, 1); log0; revert
    state.put(inner, 0n, "5f5f5560015f5d5f5fa05f5ffd", 1n);
    // call inner; storage[0] = its success + 1
    begin(`5f5f5f5f5f73${hex(inner)}5af1600101805f55`);
    const outcome = execute();
    expect([outcome.status, outcome.refund, outcome.logs]).toEqual(["success", 0n, []]);
    expect(evm.changes().storage).toEqual([[contract, word(0n), word(1n)]]);
    evm.begin(block, state);
    expect(evm.changes().storage).toEqual([]);
  });

  it("takes all gas of a frame that halts, and says why", () => {
    const cases: [string, string][] = [
      ["fe", "invalid opcode"],
      ["50", "stack underflow"],
      ["5b5f5f56", "stack overflow"],
      ["5f5b5f56", "invalid jump"],
      ["605b600156", "invalid jump"],
      ["5b5f56", "out of gas"],
      ["60015f5f3e", "return data out of bounds"],
      ["7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff51", "out of gas"],
    ];
    for (const [code, reason] of cases) {
      begin(code);
      const outcome = execute();
      expect([code, outcome.halt, outcome.gasUsed]).toEqual([code, reason, 1_000_000n]);
    }
  });

  it("calls 1024 deep without the native stack", () => {
    // transient[0] += 1, then call itself with all gas
    begin(`5f5c6001015f5d5f5f5f5f5f305af1505f5c5f5260205ff3`);
    const outcome = execute({ gasLimit: 30_000_000n });
    expect(outcome.status).toBe("success");
    const deep = evm.call({ ...transaction, gasLimit: 10n ** 15n });
    expect(deep.kind === "executed" && BigInt(`0x${hex(deep.output)}`)).toBe(1025n);
  });

  it("keeps nothing of a call, not even a code", () => {
    evm.begin(block, state);
    // returns one byte 0x00 as code
    const creation = { ...transaction, to: undefined, data: bytes("60015ff3") };
    const call = evm.call(creation);
    expect(call.kind === "executed" && call.status).toBe("success");
    expect(evm.changes()).toEqual({ accounts: [], storage: [], codes: [] });
    expect(execute(creation).created).toBeDefined();
    expect(evm.changes().codes).toEqual([[keccak_256(Uint8Array.of(0)), Uint8Array.of(0)]]);
  });

  it("deletes what was created and destroyed in one transaction, and only that (EIP-6780)", () => {
    // init code: selfdestruct(caller)
    evm.begin(block, state);
    const before = execute({ to: undefined, data: bytes("33ff"), value: 3n });
    expect(before.status).toBe("success");
    const changed = evm.changes().accounts.map(([at]) => hex(at));
    expect(changed).toEqual([coinbase, sender].map(hex));
    begin("33ff");
    execute();
    expect(evm.changes().accounts.map(([at]) => hex(at))).toEqual([coinbase, sender].map(hex));
  });

  it("names why a transaction must not stand in the block, and changes nothing", () => {
    begin("00");
    const cases: [Partial<Transaction>, RegExp][] = [
      [{ nonce: 1n }, /nonce too high/],
      [{ gasLimit: 20_999n }, /intrinsic/],
      [{ gasLimit: 21_400n, data: new Uint8Array(100).fill(1), to: undefined }, /intrinsic/],
      [{ gasLimit: 30_000_001n }, /what the block has left/],
      [{ maxFeePerGas: 6n, maxPriorityFeePerGas: 0n }, /base fee/],
      [{ maxFeePerGas: 8n, maxPriorityFeePerGas: 9n }, /priority/],
      [{ value: 10n ** 18n }, /funds/],
      [{ maxFeePerGas: (1n << 256n) - 1n }, /funds/],
      [{ value: 1n << 256n }, /range/],
      [{ type: 3 }, /no blobs/],
      [{ type: 4 }, /no authorizations/],
      [{ sender: contract }, /has code/],
    ];
    for (const [changed, reason] of cases) {
      const outcome = evm.execute({ ...transaction, ...changed, nonce: changed.sender ? 1n : (changed.nonce ?? 0n) });
      expect(outcome.kind === "invalid" && outcome.reason).toMatch(reason);
    }
    expect(evm.changes().accounts).toEqual([]);
  });

  it("charges the floor of calldata from Prague on (EIP-7623)", () => {
    begin("00");
    const data = new Uint8Array(1000).fill(1);
    expect(execute({ data }).gasUsed).toBe(21_000n + 40_000n);
    begin("00", { ...block, fork: "cancun" });
    expect(execute({ data }).gasUsed).toBe(21_000n + 16_000n);
  });

  it("knows CLZ from Osaka on", () => {
    const code = "60011e5f5260205ff3";
    begin(code);
    expect(execute().halt).toBe("invalid opcode");
    begin(code, { ...block, fork: "osaka" });
    expect(execute().output).toEqual(word(255n));
  });

  it("delegates an account and executes its code as the account (EIP-7702)", () => {
    begin("305f5260205ff3");
    const authority = address(0xdead);
    const authorizations = [{ chainId: 0n, address: contract, nonce: 0n, authority }];
    const outcome = execute({ type: 4, to: authority, authorizations });
    expect(hex(outcome.output)).toBe(hex(authority).padStart(64, "0"));
    const delegation = bytes(`ef0100${hex(contract)}`);
    expect(evm.changes().codes).toEqual([[keccak_256(delegation), delegation]]);
  });

  it("finds the least gas with which a call succeeds", () => {
    // reverts with 50,000 gas or less left
    begin("61c3505a11600b575f5ffd5b00");
    const needed = evm.estimateGas({ ...transaction, gasLimit: 1_000_000n });
    expect(needed).toBeDefined();
    const at = (gasLimit: bigint): boolean => {
      const outcome = evm.call({ ...transaction, gasLimit });
      return outcome.kind === "executed" && outcome.status === "success";
    };
    expect([at(needed ?? 0n), at((needed ?? 0n) - 1n)]).toEqual([true, false]);
  });

  it("contains what a state reader throws, and begins again", () => {
    begin("5f5400");
    state.storage = () => {
      throw new Error("disk");
    };
    expect(() => execute()).toThrow("disk");
    expect(() => execute()).toThrow("begin a block");
    evm.begin(block, new State());
    expect(evm.execute(transaction)).toEqual({ kind: "invalid", reason: "insufficient funds" });
  });
});
