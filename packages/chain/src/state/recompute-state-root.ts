import { equal } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { toKey } from "../store/key.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { decodeAccount, EMPTY_CODE_HASH } from "./account.ts";
import { BucketSet, type Change } from "./bucket-set.ts";
import { ACCOUNT_PREFIX, CODE_PREFIX, codeKey, STORAGE_PREFIX } from "./flat-key.ts";

/** What a pass over the raw entries found. */
export type StateAudit = {
  readonly root: Uint8Array;
  readonly accounts: number;
  readonly slots: number;
  /** Keys of codes that an account names and no entry holds, or whose entry has another hash. */
  readonly badCode: readonly string[];
};

/** Entries between two calls of `progress`. */
const PROGRESS_ENTRIES = 50_000;
/** Entries that are summed up in one turn. */
const TURN_ENTRIES = 1_000;

function prefixRange(prefix: string): readonly [Uint8Array, Uint8Array] {
  const code = prefix.charCodeAt(0);
  return [Uint8Array.of(code), Uint8Array.of(code + 1)];
}

/**
 * Recomputes the state root from nothing but the raw entries of the store: an independent check of the accumulators
 * that blocks kept up incrementally. One pass. `progress` gets the entries so far now and then.
 */
export async function recomputeStateRoot(
  store: KeyValueStore,
  progress?: (entries: number) => void,
): Promise<StateAudit> {
  const adder = BucketSet.empty().adder(false);
  let entries = 0;
  let turn: Change[] = [];
  const put = (key: Uint8Array, after: Uint8Array): void => {
    if (++entries % PROGRESS_ENTRIES === 0) progress?.(entries);
    turn.push({ key: toKey(key), before: undefined, after });
    if (turn.length < TURN_ENTRIES) return;
    adder.add(turn);
    turn = [];
  };
  const named = new Set<string>();
  let accounts = 0;
  for await (const [key, value] of store.range(...prefixRange(ACCOUNT_PREFIX))) {
    put(key, value);
    accounts++;
    const codeHash = decodeAccount(value)?.codeHash;
    if (codeHash !== undefined && !equal(codeHash, EMPTY_CODE_HASH)) named.add(codeKey(codeHash));
  }
  let slots = 0;
  for await (const [key, value] of store.range(...prefixRange(STORAGE_PREFIX))) {
    put(key, value);
    slots++;
  }
  adder.add(turn);
  for await (const [key, code] of store.range(...prefixRange(CODE_PREFIX))) {
    if (equal(keccak256(code), key.subarray(1))) named.delete(toKey(key));
  }
  return { root: adder.finish().root, accounts, slots, badCode: [...named] };
}
