import { ChainError } from "../chain-error.ts";
import { decodeAccount, EMPTY_CODE_HASH, type FlatAccount } from "./account.ts";
import { accountKey, codeKey } from "./flat-key.ts";
import type { StateReader } from "./state-view.ts";

const NO_ACCOUNT: FlatAccount = { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH };

/** An account that is not there has nothing. ChainError `store-damaged`. */
export function accountIn(state: StateReader, address: Uint8Array): FlatAccount {
  const stored = state.get(accountKey(address));
  if (stored === undefined) return NO_ACCOUNT;
  const account = decodeAccount(stored);
  if (account === undefined) throw new ChainError("store-damaged", "an account does not decode");
  return account;
}

/** The same with its code; `state` undefined: nothing is there. */
export function accountWithCode(
  state: StateReader | undefined,
  address: Uint8Array,
): { readonly nonce: bigint; readonly balance: bigint; readonly code: Uint8Array } {
  const { nonce, balance, codeHash } = state === undefined ? NO_ACCOUNT : accountIn(state, address);
  if (Buffer.compare(codeHash, EMPTY_CODE_HASH) === 0) return { nonce, balance, code: new Uint8Array(0) };
  const code = state?.get(codeKey(codeHash));
  if (code === undefined) throw new ChainError("store-damaged", "an account's code is missing");
  return { nonce, balance, code };
}
