import type { AccountFields, StateManagerInterface } from "@ethereumjs/common";
import { Account, type Address } from "@ethereumjs/util";
import { equal } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { ChainError } from "../chain-error.ts";
import { decodeAccount, EMPTY_CODE_HASH, encodeAccount, isEmptyAccount } from "../state/account.ts";
import type { Change } from "../state/bucket-set.ts";
import { accountKey, codeKey, STORAGE_PREFIX } from "../state/flat-key.ts";
import type { StateReader } from "../state/state-view.ts";
import { toKey } from "../store/key.ts";

const NOTHING = new Uint8Array(0);
const NO_STATE: StateReader = { get: () => undefined };
/** Codes kept for all blocks: the same object for the same code, so that what is derived from it can be kept too. */
const CACHED_CODES = 1024;
const CACHED_CODE_BYTES = 16 * 1024 * 1024;

type Slots = Map<string, Uint8Array>;

/** Copies a value: the EVM changes accounts that it was given before it puts them back. */
function copyOf(account: Account): Account {
  return new Account(account.nonce, account.balance, account.storageRoot, account.codeHash);
}

function withoutLeadingZeros(value: Uint8Array): Uint8Array {
  let at = 0;
  while (at < value.length && value[at] === 0) at++;
  return at === 0 ? value : value.subarray(at);
}

/**
 * The EVM's view of flat state: reads through to one state, collects writes with an undo journal, and gives the net
 * changes at the end. One object serves block after block (`reset`).
 */
export class EvmState implements StateManagerInterface {
  #base: StateReader = NO_STATE;
  readonly #accounts = new Map<string, Account | undefined>();
  readonly #storage = new Map<string, Slots>();
  readonly #newCode = new Map<string, Uint8Array>();
  readonly #touchedAccounts = new Set<string>();
  readonly #touchedSlots = new Map<string, Set<string>>();
  /** Values at the start of the transaction of the slots that it wrote: what SSTORE's price depends on. */
  readonly #originals = new Map<string, Uint8Array>();
  readonly #codes = new Map<string, Uint8Array>();
  #codeBytes = 0;
  #undo: (() => void)[] = [];
  #checkpoints: number[] = [];

  /** Starts over on another state. */
  reset(base: StateReader): void {
    this.#base = base;
    this.#accounts.clear();
    this.#storage.clear();
    this.#newCode.clear();
    this.#touchedAccounts.clear();
    this.#touchedSlots.clear();
    this.startTransaction();
  }

  /** What was written so far can no longer be undone. */
  startTransaction(): void {
    this.#originals.clear();
    this.#undo = [];
    this.#checkpoints = [];
  }

  /** Undoes everything since `startTransaction`. */
  abandonTransaction(): void {
    while (this.#undo.length > 0) this.#undo.pop()?.();
    this.startTransaction();
  }

  /** The account as the EVM sees it now; a copy. */
  account(address: Uint8Array): Account | undefined {
    const account = this.#account(accountKey(address));
    return account === undefined ? undefined : copyOf(account);
  }

  setAccount(address: Uint8Array, account: Account | undefined): void {
    const key = accountKey(address);
    const before = this.#account(key);
    this.#undo.push(() => this.#accounts.set(key, before));
    this.#accounts.set(key, account === undefined ? undefined : copyOf(account));
    this.#touchedAccounts.add(key);
  }

  code(address: Uint8Array): Uint8Array {
    const account = this.#account(accountKey(address));
    if (account === undefined || equal(account.codeHash, EMPTY_CODE_HASH)) return NOTHING;
    return this.#codeOf(account.codeHash);
  }

  setCode(address: Uint8Array, code: Uint8Array): void {
    const codeHash = code.length === 0 ? EMPTY_CODE_HASH : keccak256(code);
    if (code.length > 0) this.#newCode.set(codeKey(codeHash), code);
    const account = this.account(address) ?? new Account();
    account.codeHash = codeHash;
    this.setAccount(address, account);
  }

  slot(address: Uint8Array, key: Uint8Array): Uint8Array {
    const owner = toKey(address);
    return this.#slot(owner, this.#slots(owner), toKey(key));
  }

  setSlot(address: Uint8Array, key: Uint8Array, value: Uint8Array): void {
    const owner = toKey(address);
    const slots = this.#slots(owner);
    const slot = toKey(key);
    const before = this.#slot(owner, slots, slot);
    if (!this.#originals.has(owner + slot)) this.#originals.set(owner + slot, before);
    this.#undo.push(() => slots.set(slot, before));
    slots.set(slot, withoutLeadingZeros(value));
    this.#touch(owner).add(slot);
  }

  /** Net changes since `reset`. Accounts that are empty by EIP-161 count as absent. */
  changes(): Change[] {
    const out: Change[] = [];
    const add = (key: string, after: Uint8Array | undefined): void => {
      const before = this.#base.get(key);
      const same = before === undefined || after === undefined ? before === after : equal(before, after);
      if (!same) out.push({ key, before, after });
    };
    for (const key of this.#touchedAccounts) {
      const account = this.#accounts.get(key);
      add(key, account === undefined || isEmptyAccount(account) ? undefined : encodeAccount(account));
    }
    for (const [owner, slots] of this.#touchedSlots) {
      const values = this.#slots(owner);
      for (const slot of slots) {
        const value = values.get(slot) ?? NOTHING;
        add(STORAGE_PREFIX + owner + slot, value.length === 0 ? undefined : new Uint8Array(value));
      }
    }
    const named = new Set<string>();
    for (const { key, after } of out) {
      const codeHash = after === undefined || !key.startsWith("a") ? undefined : decodeAccount(after)?.codeHash;
      if (codeHash !== undefined) named.add(codeKey(codeHash));
    }
    for (const [key, code] of this.#newCode) if (named.has(key)) add(key, code);
    return out;
  }

  // StateManagerInterface: promises that are settled already, since all reads are synchronous.

  readonly originalStorageCache: StateManagerInterface["originalStorageCache"] = {
    get: (address, key) =>
      Promise.resolve(this.#originals.get(toKey(address.bytes) + toKey(key)) ?? this.slot(address.bytes, key)),
    clear: () => this.#originals.clear(),
  };

  getAccount(address: Address): Promise<Account | undefined> {
    return Promise.resolve(this.account(address.bytes));
  }

  putAccount(address: Address, account?: Account): Promise<void> {
    this.setAccount(address.bytes, account);
    return Promise.resolve();
  }

  deleteAccount(address: Address): Promise<void> {
    // Since EIP-6780 only contracts of the same transaction go, so all their slots are in memory here.
    this.#clearStorage(address.bytes);
    this.setAccount(address.bytes, undefined);
    return Promise.resolve();
  }

  modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = this.account(address.bytes) ?? new Account();
    if (fields.nonce !== undefined) account.nonce = fields.nonce;
    if (fields.balance !== undefined) account.balance = fields.balance;
    if (fields.codeHash !== undefined) account.codeHash = fields.codeHash;
    this.setAccount(address.bytes, account);
    return Promise.resolve();
  }

  putCode(address: Address, value: Uint8Array): Promise<void> {
    this.setCode(address.bytes, value);
    return Promise.resolve();
  }

  getCode(address: Address): Promise<Uint8Array> {
    return Promise.resolve(this.code(address.bytes));
  }

  getCodeSize(address: Address): Promise<number> {
    return Promise.resolve(this.code(address.bytes).length);
  }

  getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(this.slot(address.bytes, key));
  }

  putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.setSlot(address.bytes, key, value);
    return Promise.resolve();
  }

  clearStorage(address: Address): Promise<void> {
    this.#clearStorage(address.bytes);
    return Promise.resolve();
  }

  checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length);
    return Promise.resolve();
  }

  commit(): Promise<void> {
    this.#checkpoints.pop();
    return Promise.resolve();
  }

  revert(): Promise<void> {
    const to = this.#checkpoints.pop() ?? 0;
    while (this.#undo.length > to) this.#undo.pop()?.();
    return Promise.resolve();
  }

  getStateRoot(): Promise<Uint8Array> {
    return Promise.reject(new Error("the state root is kept outside the EVM"));
  }

  setStateRoot(): Promise<void> {
    return Promise.reject(new Error("the state root is kept outside the EVM"));
  }

  hasStateRoot(): Promise<boolean> {
    return Promise.resolve(false);
  }

  clearCaches(): void {
    this.#codes.clear();
    this.#codeBytes = 0;
  }

  shallowCopy(): EvmState {
    const copy = new EvmState();
    copy.reset(this.#base);
    return copy;
  }

  #account(key: string): Account | undefined {
    if (this.#accounts.has(key)) return this.#accounts.get(key);
    const stored = this.#base.get(key);
    let account: Account | undefined;
    if (stored !== undefined) {
      const flat = decodeAccount(stored);
      if (flat === undefined) throw new ChainError("store-damaged", "an account does not decode");
      account = new Account(flat.nonce, flat.balance, undefined, flat.codeHash);
    }
    this.#accounts.set(key, account);
    return account;
  }

  #codeOf(hash: Uint8Array): Uint8Array {
    const key = codeKey(hash);
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = this.#newCode.get(key) ?? this.#base.get(key);
    if (code === undefined) throw new ChainError("store-damaged", "an account's code is missing");
    if (this.#codes.size >= CACHED_CODES || this.#codeBytes > CACHED_CODE_BYTES) this.clearCaches();
    this.#codes.set(key, code);
    this.#codeBytes += code.length;
    return code;
  }

  #slots(owner: string): Slots {
    let slots = this.#storage.get(owner);
    if (slots === undefined) {
      slots = new Map();
      this.#storage.set(owner, slots);
    }
    return slots;
  }

  #slot(owner: string, slots: Slots, slot: string): Uint8Array {
    const known = slots.get(slot);
    if (known !== undefined) return known;
    const value = this.#base.get(STORAGE_PREFIX + owner + slot) ?? NOTHING;
    slots.set(slot, value);
    return value;
  }

  #clearStorage(address: Uint8Array): void {
    const owner = toKey(address);
    const slots = this.#storage.get(owner);
    if (slots === undefined) return;
    for (const [slot, before] of slots) {
      if (before.length === 0) continue;
      this.#undo.push(() => slots.set(slot, before));
      slots.set(slot, NOTHING);
      this.#touch(owner).add(slot);
    }
  }

  #touch(owner: string): Set<string> {
    let touched = this.#touchedSlots.get(owner);
    if (touched === undefined) {
      touched = new Set();
      this.#touchedSlots.set(owner, touched);
    }
    return touched;
  }
}
