import { keccak_256 } from "@noble/hashes/sha3.js";
import { expect, test } from "vitest";
import { Evm } from "./evm.ts";
import type { Account, BlockEnv, StateReader, Transaction } from "./types.ts";

const address = (n: number): Uint8Array => new Uint8Array(Buffer.from(n.toString(16).padStart(40, "0"), "hex"));
const [sender, caller, callee] = [address(0xa11ce), address(0xca11), address(0xb0b)];
const MAX_CODE = 24_576;
/** Accounts of the largest codes, all distinct, begin here. */
const FLOOD = 0x100000;

/** Asks for the size of `count` distinct codes, then goes on at the code's end, where `last` stands. */
function flooding(count: number, last: string): Uint8Array {
  const begin = `62${FLOOD.toString(16)}`;
  // FLOOD, JUMPDEST, DUP1 EXTCODESIZE POP, 1 ADD, DUP1 FLOOD+count GT, JUMPI back, then JUMP to the end.
  const loop = `5b803b50600101${`8062${(FLOOD + count).toString(16)}11`}600457`;
  const tail = `5b${last}`;
  const code = new Uint8Array(MAX_CODE).fill(0x60);
  const at = MAX_CODE - tail.length / 2;
  code.set(Buffer.from(`${begin}${loop}61${at.toString(16)}56`, "hex"));
  // Pairs of PUSH1 up to the tail, which the analysis must enter at an instruction.
  code[at - 1] = 0x5b;
  code.set(Buffer.from(tail, "hex"), at);
  return code;
}

/** The hash of the whole code as output. */
const hashItself = "3860006000393860002060005260206000f3";

const codes = new Map<string, Uint8Array>();
let reads = 0;

function store(code: Uint8Array): Uint8Array {
  const hash = keccak_256(code);
  codes.set(Buffer.from(hash).toString("hex"), code);
  return hash;
}

const callerHash = store(flooding(3000, `3d3d3d3d3d610b0b5af1${hashItself}`));
const calleeHash = store(flooding(6000, hashItself));
const maximal = new Uint8Array(MAX_CODE).fill(0x5b);

const state: StateReader = {
  account(at: Uint8Array): Account | undefined {
    const number = Number.parseInt(Buffer.from(at).toString("hex"), 16);
    if (number === 0xca11) return { nonce: 1n, balance: 0n, codeHash: callerHash };
    if (number === 0xb0b) return { nonce: 1n, balance: 0n, codeHash: calleeHash };
    if (number < FLOOD || number >= 2 * FLOOD) return undefined;
    return { nonce: 1n, balance: 0n, codeHash: new Uint8Array([0xff, ...new Uint8Array(11), ...at]) };
  },
  storage: () => undefined,
  code(hash: Uint8Array): Uint8Array {
    reads++;
    return codes.get(Buffer.from(hash).toString("hex")) ?? maximal;
  },
  blockHash: () => undefined,
};

const block: BlockEnv = {
  ...{ fork: "osaka", chainId: 1n, number: 1n, timestamp: 1n, coinbase: address(1), gasLimit: 100_000_000n },
  ...{ baseFee: 0n, prevRandao: new Uint8Array(32), blobBaseFee: 1n, transactionGasCap: undefined },
};

function transaction(to: Uint8Array): Transaction {
  return {
    ...{ type: 2, sender, to, nonce: 0n, gasLimit: 60_000_000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, value: 0n },
    ...{ data: new Uint8Array(), accessList: [], blobHashes: [], maxFeePerBlobGas: 0n, authorizations: [] },
  };
}

test("running codes stay where they are when more codes are asked for than the cache holds", async () => {
  const evm = await Evm.create();
  for (let round = 0; round < 2; round++) {
    evm.begin(block, state);
    const outcome = evm.call(transaction(caller));
    expect(outcome).toMatchObject({ kind: "executed", status: "success" });
    if (outcome.kind !== "executed") return;
    expect(Buffer.from(outcome.output).toString("hex")).toBe(Buffer.from(callerHash).toString("hex"));
  }
  const inner = evm.call(transaction(callee));
  expect(inner.kind === "executed" && Buffer.from(inner.output)).toEqual(Buffer.from(calleeHash));
  // Every code of the flood has to be read again: 3000 at least, for 6000 do not fit together with 3000 others.
  expect(reads).toBeGreaterThan(6000);
  expect(evm.memoryBytes).toBeLessThan(1_200_000_000);
});
