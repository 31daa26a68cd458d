import type { Account, Changes, StateReader } from "@tributary/evm/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { StateOverride } from "../executor/call.ts";
import { EMPTY_CODE_HASH } from "../state/account.ts";
import { fromKey, toKey } from "../store/key.ts";

/** A state to which the changes of one transaction after the other are added, in memory only. */
export class SimulatedState implements StateReader {
  readonly #base: StateReader;
  readonly #hashes: ReadonlyMap<number, Uint8Array>;
  /** undefined: deleted. */
  readonly #accounts = new Map<string, Account | undefined>();
  readonly #codes = new Map<string, Uint8Array>();
  readonly #slots = new Map<string, Map<string, Uint8Array>>();
  /** Accounts whose slots in `base` count no more. */
  readonly #cleared = new Set<string>();

  /** `hashes`: of simulated blocks by number, as they come to be. */
  constructor(base: StateReader, hashes: ReadonlyMap<number, Uint8Array>) {
    this.#base = base;
    this.#hashes = hashes;
  }

  account(address: Uint8Array): Account | undefined {
    const key = toKey(address);
    return this.#accounts.has(key) ? this.#accounts.get(key) : this.#base.account(address);
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const key = toKey(address);
    const value = this.#slots.get(key)?.get(toKey(slot));
    return value === undefined && !this.#cleared.has(key) ? this.#base.storage(address, slot) : value;
  }

  code(codeHash: Uint8Array): Uint8Array {
    return this.#codes.get(toKey(codeHash)) ?? this.#base.code(codeHash);
  }

  blockHash(number: bigint): Uint8Array | undefined {
    return this.#hashes.get(Number(number)) ?? this.#base.blockHash(number);
  }

  apply({ accounts, storage, codes }: Changes): void {
    for (const [address, account] of accounts) {
      if (account === undefined) this.#clear(toKey(address));
      this.#accounts.set(toKey(address), account);
    }
    for (const [address, slot, value] of storage) this.#put(toKey(address), slot, value);
    for (const [codeHash, code] of codes) this.#codes.set(toKey(codeHash), code);
  }

  override({ address, balance, nonce, code, storage, clearsStorage }: StateOverride): void {
    const key = toKey(address);
    const account = this.account(address);
    let codeHash = account?.codeHash ?? EMPTY_CODE_HASH;
    if (code !== undefined) {
      codeHash = code.length === 0 ? EMPTY_CODE_HASH : keccak256(code);
      this.#codes.set(toKey(codeHash), code);
    }
    if (balance !== undefined || nonce !== undefined || code !== undefined) {
      const before = { nonce: account?.nonce ?? 0n, balance: account?.balance ?? 0n };
      this.#accounts.set(key, { nonce: nonce ?? before.nonce, balance: balance ?? before.balance, codeHash });
    }
    if (clearsStorage === true) this.#clear(key);
    for (const { key: slot, value } of storage ?? []) this.#put(key, slot, value);
  }

  /** The account sends a transaction: its nonce is the next one. */
  advance(address: Uint8Array): void {
    const account = this.account(address) ?? { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH };
    this.#accounts.set(toKey(address), { ...account, nonce: BigInt.asUintN(64, account.nonce + 1n) });
  }

  /** Gives the account wei, or takes them. */
  credit(address: Uint8Array, amount: bigint): void {
    if (amount === 0n) return;
    const account = this.account(address) ?? { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH };
    this.#accounts.set(toKey(address), { ...account, balance: account.balance + amount });
  }

  /** All that was changed, and the accounts whose slots in the state below count no more. */
  changes(): Changes & { readonly cleared: readonly Uint8Array[] } {
    const storage: (readonly [Uint8Array, Uint8Array, Uint8Array])[] = [];
    for (const [address, slots] of this.#slots) {
      for (const [slot, value] of slots) storage.push([fromKey(address), fromKey(slot), value]);
    }
    return {
      accounts: [...this.#accounts].map(([address, account]) => [fromKey(address), account]),
      codes: [...this.#codes].map(([hash, code]) => [fromKey(hash), code]),
      cleared: [...this.#cleared].map(fromKey),
      storage,
    };
  }

  #clear(key: string): void {
    this.#cleared.add(key);
    this.#slots.delete(key);
  }

  #put(key: string, slot: Uint8Array, value: Uint8Array): void {
    const slots = this.#slots.get(key) ?? new Map<string, Uint8Array>();
    this.#slots.set(key, slots.set(toKey(slot), value));
  }
}
