import type { Withdrawal } from "@tributary/chain/block/ethereum";
import { EMPTY_CODE_HASH } from "@tributary/chain/state/account";
import { toKey } from "@tributary/chain/store/key";
import type { Account, Changes } from "@tributary/evm/types";
import type { StateChanges } from "../state/state-changes.ts";

const GWEI = 1_000_000_000n;

/** A block's changes with its withdrawals' coins added, which come after all transactions. */
export function withWithdrawals(
  changes: Changes,
  withdrawals: readonly Withdrawal[],
  account: (address: Uint8Array) => Account,
): StateChanges {
  const accounts = new Map<string, readonly [Uint8Array, Account | undefined]>();
  for (const entry of changes.accounts) accounts.set(toKey(entry[0]), entry);
  for (const { address, amount } of withdrawals) {
    if (amount === 0n) continue;
    const changed = accounts.get(toKey(address));
    const before = changed === undefined ? account(address) : (changed[1] ?? NOTHING);
    accounts.set(toKey(address), [address, { ...before, balance: before.balance + amount * GWEI }]);
  }
  return { accounts: [...accounts.values()], cleared: [], storage: changes.storage, codes: changes.codes };
}

const NOTHING: Account = { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH };
