import type { MerkleStateManager } from "@ethereumjs/statemanager";
import { Address } from "@ethereumjs/util";
import { EMPTY_CODE_HASH } from "@tributary/chain/state/account";
import { fromKey, toKey } from "@tributary/chain/store/key";
import type { Account } from "@tributary/evm/types";
import type { StateChanges } from "./state-changes.ts";

/** Notes what is written into the library's state, so that the flat state can follow. */
export class Touched {
  readonly #manager: MerkleStateManager;
  #noting = false;
  readonly #accounts = new Set<string>();
  readonly #cleared = new Set<string>();
  /** By address. */
  readonly #slots = new Map<string, Set<string>>();

  constructor(manager: MerkleStateManager) {
    this.#manager = manager;
    this.#watch("putAccount");
    this.#watch("modifyAccountFields");
    this.#watch("putCode");
    this.#watch("deleteAccount", (key) => this.#cleared.add(key));
    this.#watch("clearStorage", (key) => this.#cleared.add(key));
    const { putStorage } = manager;
    manager.putStorage = (address, slot, value) => {
      const key = toKey(address.bytes);
      if (!this.#noting) return putStorage.call(manager, address, slot, value);
      const slots = this.#slots.get(key) ?? new Set();
      this.#slots.set(key, slots.add(toKey(slot)));
      return putStorage.call(manager, address, slot, value);
    };
  }

  /** What `run` writes. What it reverted shows as it was before. */
  async changesOf<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly changes: StateChanges }> {
    this.#noting = true;
    try {
      const result = await run();
      this.#noting = false;
      return { result, changes: await this.#take() };
    } finally {
      this.#noting = false;
      this.#accounts.clear();
      this.#cleared.clear();
      this.#slots.clear();
    }
  }

  async #take(): Promise<StateChanges> {
    const accounts: (readonly [Uint8Array, Account | undefined])[] = [];
    const storage: (readonly [Uint8Array, Uint8Array, Uint8Array])[] = [];
    const codes: (readonly [Uint8Array, Uint8Array])[] = [];
    for (const key of new Set([...this.#accounts, ...this.#slots.keys()])) {
      const address = new Address(new Uint8Array(fromKey(key)));
      const account = await this.#manager.getAccount(address);
      if (account === undefined) {
        accounts.push([address.bytes, undefined]);
        continue;
      }
      const { nonce, balance, codeHash } = account;
      accounts.push([address.bytes, { nonce, balance, codeHash }]);
      if (Buffer.compare(codeHash, EMPTY_CODE_HASH) !== 0) codes.push([codeHash, await this.#manager.getCode(address)]);
      for (const slot of this.#slots.get(key) ?? []) {
        const value = await this.#manager.getStorage(address, fromKey(slot));
        storage.push([address.bytes, fromKey(slot), padded(value)]);
      }
    }
    return { accounts, cleared: [...this.#cleared].map(fromKey), storage, codes };
  }

  #watch(
    name: "putAccount" | "modifyAccountFields" | "putCode" | "deleteAccount" | "clearStorage",
    also?: (key: string) => void,
  ): void {
    const manager = this.#manager as unknown as Record<string, (address: Address, ...rest: unknown[]) => Promise<void>>;
    const original = manager[name];
    if (original === undefined) throw new TypeError(`the library's state has no ${name}`);
    manager[name] = (address, ...rest) => {
      const key = toKey(address.bytes);
      if (this.#noting) {
        this.#accounts.add(key);
        also?.(key);
      }
      return original.call(this.#manager, address, ...rest);
    };
  }
}

function padded(value: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  out.set(value, 32 - value.length);
  return out;
}
