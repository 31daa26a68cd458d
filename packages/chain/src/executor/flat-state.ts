import type { Account, Changes, StateReader as EvmStateReader } from "@tributary/evm/types";
import { equal } from "@tributary/protocol/bytes/bytes";
import { ChainError } from "../chain-error.ts";
import { decodeAccount, encodeAccount } from "../state/account.ts";
import type { Change } from "../state/bucket-set.ts";
import { accountKey, codeKey, storageKey } from "../state/flat-key.ts";
import type { StateReader } from "../state/state-view.ts";

/** Flat state as the EVM reads it. */
export class FlatState implements EvmStateReader {
  readonly #state: StateReader;
  readonly #blockHash: (number: number) => Uint8Array | undefined;

  constructor(state: StateReader, blockHash: (number: number) => Uint8Array | undefined) {
    this.#state = state;
    this.#blockHash = blockHash;
  }

  account(address: Uint8Array): Account | undefined {
    const stored = this.#state.get(accountKey(address));
    if (stored === undefined) return undefined;
    const account = decodeAccount(stored);
    if (account === undefined) throw new ChainError("store-damaged", "an account does not decode");
    return account;
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const stored = this.#state.get(storageKey(address, slot));
    if (stored === undefined || stored.length === 32) return stored;
    const value = new Uint8Array(32);
    value.set(stored, 32 - stored.length);
    return value;
  }

  code(codeHash: Uint8Array): Uint8Array {
    const code = this.#state.get(codeKey(codeHash));
    if (code === undefined) throw new ChainError("store-damaged", "an account's code is missing");
    return code;
  }

  blockHash(number: bigint): Uint8Array | undefined {
    return this.#blockHash(Number(number));
  }
}

function withoutLeadingZeros(value: Uint8Array): Uint8Array | undefined {
  let at = 0;
  while (at < value.length && value[at] === 0) at++;
  return at === value.length ? undefined : value.slice(at);
}

/** What a block changed, as entries of the flat state over `state`. */
export function flatChanges(state: StateReader, { accounts, storage, codes }: Changes): Change[] {
  const out: Change[] = [];
  const add = (key: string, after: Uint8Array | undefined): void => {
    const before = state.get(key);
    const same = before === undefined || after === undefined ? before === after : equal(before, after);
    if (!same) out.push({ key, before, after });
  };
  for (const [address, account] of accounts) {
    add(accountKey(address), account === undefined ? undefined : encodeAccount(account));
  }
  for (const [address, slot, value] of storage) add(storageKey(address, slot), withoutLeadingZeros(value));
  for (const [codeHash, code] of codes) add(codeKey(codeHash), code);
  return out;
}
