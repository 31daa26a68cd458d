import type { Account, StateReader } from "@tributary/evm/types";
import { assemble, MAX_CODE } from "./assemble.ts";
import { FILLED, FUNDED, type HostileCase, MAXIMAL } from "./hostile-case.ts";

const RANGE = 0x10_0000_0000_0000n;

export function addressOf(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(40, "0"), "hex"));
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

export const SENDER = 0x5e4de4n;

/** Not the true hashes: the machine takes any that name a code. */
function hashOf(tag: number, value: bigint): Uint8Array {
  const hash = new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
  hash[0] = tag;
  return hash;
}

const EMPTY = Buffer.from("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470", "hex");
const RICH = 10n ** 30n;

/** Stops at once; behind that nothing but jump destinations. */
const maximalCode = new Uint8Array(MAX_CODE).fill(0x5b);
maximalCode.set(assemble("STOP"));

/** A state as large as any attacker wants it, made as it is read. */
export class HostileState implements StateReader {
  readonly #codes = new Map<bigint, Uint8Array>();

  constructor({ accounts }: HostileCase) {
    for (const [address, code] of accounts) this.#codes.set(address, code);
  }

  account(address: Uint8Array): Account | undefined {
    const value = numberOf(address);
    if (this.#codes.has(value)) return { nonce: 1n, balance: RICH, codeHash: hashOf(1, value) };
    if (value === SENDER) return { nonce: 0n, balance: RICH, codeHash: EMPTY };
    if (value >= MAXIMAL && value < MAXIMAL + RANGE) return { nonce: 1n, balance: 0n, codeHash: hashOf(2, value) };
    if (value >= FUNDED && value < FUNDED + RANGE) return { nonce: 0n, balance: 1n, codeHash: EMPTY };
    return undefined;
  }

  storage(_address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const value = numberOf(slot);
    return value >= FILLED && value < FILLED + RANGE ? slot : undefined;
  }

  code(codeHash: Uint8Array): Uint8Array {
    if (codeHash[0] === 2) return maximalCode;
    return this.#codes.get(numberOf(codeHash.subarray(12))) ?? new Uint8Array();
  }

  blockHash(number: bigint): Uint8Array {
    return hashOf(3, number);
  }
}
