import type { Account, StateReader } from "@tributary/evm/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
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

/** Not a true hash: the machine takes any that names one code for ever. */
function hashOf(tag: number, value: bigint): Uint8Array {
  const hash = new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
  hash[0] = tag;
  return hash;
}

const EMPTY = Buffer.from("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470", "hex");
const RICH = 10n ** 30n;

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString("latin1");
}

/** Stops at once; behind that nothing but jump destinations. */
const maximalCode = new Uint8Array(MAX_CODE).fill(0x5b);
maximalCode.set(assemble("STOP"));

/** A state as large as any attacker wants it, made as it is read. */
export class HostileState implements StateReader {
  readonly #hashes = new Map<bigint, Uint8Array>();
  readonly #codes = new Map<string, Uint8Array>();

  constructor({ accounts }: HostileCase) {
    for (const [address, code] of accounts) {
      const hash = keccak256(code);
      this.#hashes.set(address, hash);
      this.#codes.set(keyOf(hash), code);
    }
  }

  account(address: Uint8Array): Account | undefined {
    const value = numberOf(address);
    const codeHash = this.#hashes.get(value);
    if (codeHash !== undefined) return { nonce: 1n, balance: RICH, codeHash };
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
    return this.#codes.get(keyOf(codeHash)) ?? maximalCode;
  }

  blockHash(number: bigint): Uint8Array {
    return hashOf(3, number);
  }
}
