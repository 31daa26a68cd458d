import { keccak_256 } from "@noble/hashes/sha3.js";
import { Evm } from "./evm.ts";
import type { Tracer } from "./tracers/tracer.ts";
import type { Account, Authorization, BlockEnv, Executed, StateReader, Transaction } from "./types.ts";

export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
/** An address with 0x. */
export const name = (n: number): string => `0x${n.toString(16).padStart(40, "0")}`;
export const address = (n: number): Uint8Array => fromHex(name(n).slice(2));
/** A word with 0x. */
export const word = (n: bigint | number): string => `0x${n.toString(16).padStart(64, "0")}`;

export const SENDER = 0xa11ce;
export const CONTRACT = 0xc0de;
export const COINBASE = 0xc01;

const block: BlockEnv = {
  fork: "prague",
  chainId: 1n,
  number: 300n,
  timestamp: 1000n,
  coinbase: address(COINBASE),
  gasLimit: 30_000_000n,
  baseFee: 7n,
  prevRandao: new Uint8Array(32),
  blobBaseFee: 1n,
  transactionGasCap: undefined,
};

const transaction: Transaction = {
  type: 2,
  sender: address(SENDER),
  to: address(CONTRACT),
  nonce: 0n,
  gasLimit: 100_000n,
  maxFeePerGas: 10n,
  maxPriorityFeePerGas: 2n,
  value: 0n,
  data: new Uint8Array(0),
  accessList: [],
  blobHashes: [],
  maxFeePerBlobGas: 0n,
  authorizations: [],
};

/** Accounts in memory. */
class State implements StateReader {
  readonly #accounts = new Map<string, Account>();
  readonly #codes = new Map<string, Uint8Array>();
  readonly #slots = new Map<string, Uint8Array>();

  put(at: number, code: string, balance = 0n, nonce = 0n): void {
    const codeHash = keccak_256(fromHex(code));
    this.#codes.set(Buffer.from(codeHash).toString("hex"), fromHex(code));
    this.#accounts.set(name(at), { nonce, balance, codeHash });
  }
  store(at: number, slot: number, value: number): void {
    this.#slots.set(name(at) + word(slot), fromHex(word(value).slice(2)));
  }
  account(at: Uint8Array): Account | undefined {
    return this.#accounts.get(`0x${Buffer.from(at).toString("hex")}`);
  }
  storage(at: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    return this.#slots.get(`0x${Buffer.from(at).toString("hex")}0x${Buffer.from(slot).toString("hex")}`);
  }
  code(hash: Uint8Array): Uint8Array {
    return this.#codes.get(Buffer.from(hash).toString("hex")) ?? new Uint8Array(0);
  }
  blockHash(): undefined {
    return undefined;
  }
}

/** A block of one contract at CONTRACT, whose code is given, and of others; SENDER has 10^18 wei. */
export class TraceBench {
  readonly state: State = new State();
  readonly evm: Evm;

  private constructor(evm: Evm) {
    this.evm = evm;
  }

  static async create(code: string, others: Readonly<Record<number, string>> = {}): Promise<TraceBench> {
    const bench = new TraceBench(await Evm.create());
    bench.state.put(SENDER, "", 10n ** 18n);
    bench.state.put(CONTRACT, code);
    for (const [at, text] of Object.entries(others)) bench.state.put(Number(at), text);
    return bench;
  }

  /** Executes as the first transaction of a block. */
  trace(tracer: Tracer, changes: Partial<Transaction> = {}): Executed {
    this.evm.begin(block, this.state);
    return executed(this.evm.trace({ ...transaction, ...changes }, tracer));
  }

  /** As a further transaction of the block. */
  next(tracer: Tracer, changes: Partial<Transaction> = {}): Executed {
    return executed(this.evm.trace({ ...transaction, ...changes }, tracer));
  }

  call(tracer: Tracer, changes: Partial<Transaction> = {}): Executed {
    this.evm.begin(block, this.state);
    return executed(this.evm.traceCall({ ...transaction, ...changes }, tracer));
  }

  plain(changes: Partial<Transaction> = {}): Executed {
    this.evm.begin(block, this.state);
    return executed(this.evm.execute({ ...transaction, ...changes }));
  }
}

function executed(outcome: ReturnType<Evm["execute"]>): Executed {
  if (outcome.kind === "invalid") throw new Error(outcome.reason);
  return outcome;
}

/** PUSH of the least width. */
export function push(value: number | bigint): string {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return (0x5f + even.length / 2).toString(16) + even;
}

/** CALL without memory, with all gas. */
export function call(to: number, value = 0): string {
  return `5f 5f 5f 5f ${push(value)} ${push(to)} 5a f1`;
}

/** Memory from 0 on becomes these bytes, at most 32, and zeros. */
export function put(bytes: string): string {
  return `7f ${bytes.padEnd(64, "0")} 5f 52`;
}

export function authorization(authority: number, to: number): Authorization {
  return { chainId: 1n, address: address(to), nonce: 0n, authority: address(authority) };
}
