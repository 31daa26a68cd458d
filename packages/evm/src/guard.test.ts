import { keccak_256 } from "@noble/hashes/sha3.js";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { Evm } from "./evm.ts";
import { CallTracer } from "./tracers/call-tracer.ts";
import type { Account, BlockEnv, CallGuard, Executed, GuardedCall, StateReader, Transaction } from "./types.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const address = (n: number): Uint8Array => bytes(n.toString(16).padStart(40, "0"));
const slot = (n: number): Uint8Array => bytes(n.toString(16).padStart(64, "0"));

const SENDER = address(0xa11ce);
const CALLER = address(0xca11);
const CALLEE = address(0xbeef);
const DELEGATE = address(0xde1e);

const block: BlockEnv = {
  ...{ fork: "prague", chainId: 1n, number: 1n, timestamp: 1n, coinbase: address(1), gasLimit: 30_000_000n },
  ...{ baseFee: 0n, prevRandao: slot(0), blobBaseFee: 1n, transactionGasCap: undefined },
};

/** Puts abcdef01 into memory and calls CALLEE with it by `op`; gives back success and the gas that it cost. */
function calling(op: string, withValue: boolean): string {
  const value = withValue ? "5f" : "";
  return `63abcdef01 60e0 1b 5f 52  5a  5f 5f 6004 5f ${value} 61beef 62100000 ${op}  5a  90 91 03 5f 52 6020 52 60405ff3`;
}

/** Creates an account of nothing by CREATE or CREATE2; gives back its address and the gas that it cost. */
const creating = (op: string): string =>
  `5a ${op === "f5" ? "5f" : ""} 5f 5f 5f ${op} 5a 90 91 03 5f 52 6020 52 60405ff3`;

let codes: Record<string, string> = {};
const byHash = new Map<string, Uint8Array>();
const state: StateReader = {
  account(at): Account {
    const code = bytes(codes[hex(at)] ?? "");
    const codeHash = keccak_256(code);
    byHash.set(hex(codeHash), code);
    return { nonce: 0n, balance: 10n ** 18n, codeHash };
  },
  storage: () => undefined,
  code: (hash) => byHash.get(hex(hash)) ?? bytes(""),
  blockHash: () => undefined,
};

function transaction(nonce: bigint, to = CALLER): Transaction {
  return {
    ...{ type: 2, sender: SENDER, to, nonce, gasLimit: 1_000_000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
    ...{
      value: 0n,
      data: bytes("01020304ff"),
      accessList: [],
      blobHashes: [],
      maxFeePerBlobGas: 0n,
      authorizations: [],
    },
  };
}

class Watch implements CallGuard {
  readonly calls: GuardedCall[] = [];
  readonly creators: string[] = [];
  permits: (call: GuardedCall) => boolean = ({ depth }) => depth === 0;
  mayCall(call: GuardedCall): boolean {
    this.calls.push(call);
    return this.permits(call);
  }
  mayCreate(creator: Uint8Array): boolean {
    this.creators.push(hex(creator));
    return false;
  }
}

let evm: Evm;
beforeAll(async () => {
  evm = await Evm.create();
});
beforeEach(() => {
  codes = { [hex(CALLEE)]: "600160015560206000f3", [hex(DELEGATE)]: "00" };
  evm.begin(block, state);
});

function run(guard: CallGuard | undefined, to?: Uint8Array): Executed {
  evm.guard(guard);
  const outcome = evm.execute(transaction(evm.account(SENDER).nonce, to));
  if (outcome.kind === "invalid") throw new Error(outcome.reason);
  return outcome;
}

test.each([
  ["CALL", "f1", true],
  ["CALLCODE", "f2", true],
  ["DELEGATECALL", "f4", false],
  ["STATICCALL", "fa", false],
])("%s is asked about, and where it is not permitted nothing runs and its gas comes back", (_, op, withValue) => {
  codes[hex(CALLER)] = calling(op, withValue);
  const watch = new Watch();
  const { status, output } = run(watch);
  expect(status).toBe("success");
  expect(hex(output.subarray(32))).toBe(hex(slot(0)));
  expect(Number(`0x${hex(output.subarray(0, 32))}`)).toBeLessThan(3_000);
  expect(watch.calls).toEqual([
    { caller: SENDER, target: CALLER, code: CALLER, selector: bytes("01020304"), depth: 0 },
    { caller: CALLER, target: CALLEE, code: CALLEE, selector: bytes("abcdef01"), depth: 1 },
  ]);
  expect(evm.changes().storage).toEqual([]);
});

test.each(["f0", "f5"])("a creation by %s is asked about, and leaves nothing where it is not permitted", (op) => {
  codes[hex(CALLER)] = creating(op);
  const watch = new Watch();
  const { output } = run(watch);
  expect(hex(output.subarray(32))).toBe(hex(slot(0)));
  expect(watch.creators).toEqual([hex(CALLER)]);
  expect(evm.account(CALLER).nonce).toBe(0n);
  expect(hex(run(undefined).output.subarray(32))).not.toBe(hex(slot(0)));
});

test("whose code runs is told: nobody's, or that of an account that is delegated to", () => {
  codes[hex(CALLER)] = calling("f1", true);
  const watch = new Watch();
  codes[hex(CALLEE)] = `ef0100${hex(DELEGATE)}`;
  run(watch);
  expect(watch.calls.map(({ code }) => code)).toEqual([CALLER, DELEGATE]);
  evm.begin(block, state);
  delete codes[hex(CALLEE)];
  run(watch);
  expect(watch.calls.map(({ code }) => code)).toEqual([CALLER, DELEGATE, CALLER, undefined]);
});

test("precompiles are not asked about, and a transaction's own call that is not permitted runs nothing", () => {
  codes[hex(CALLER)] = calling("f1", true).replace("61beef", "610004");
  const watch = new Watch();
  expect(hex(run(watch).output.subarray(32))).toBe(hex(slot(1)));
  expect(watch.calls).toHaveLength(1);
  watch.permits = () => false;
  expect(run(watch, CALLEE)).toMatchObject({ status: "halt", halt: "forbidden" });
  expect(evm.changes().storage).toEqual([]);
});

test("a guard sees storage as the running transaction left it", () => {
  codes[hex(CALLER)] = `6007 6005 55 ${calling("f1", true)}`;
  const watch = new Watch();
  const seen: string[] = [];
  watch.permits = () => {
    seen.push(hex(evm.storage(CALLER, slot(5))));
    return true;
  };
  expect(run(watch).status).toBe("success");
  expect(seen).toEqual([hex(slot(0)), hex(slot(7))]);
});

test("a tracer sees what was not permitted, and a block begins without a guard", () => {
  codes[hex(CALLER)] = calling("f1", true);
  evm.guard(new Watch());
  const tracer = new CallTracer();
  evm.trace(transaction(0n), tracer);
  expect(tracer.result().calls).toMatchObject([{ to: `0x${hex(CALLEE)}`, error: expect.stringMatching(/./) }]);
  evm.begin(block, state);
  expect(hex(run(undefined).output.subarray(32))).toBe(hex(slot(1)));
});
