import { EMPTY_CODE_HASH } from "@tributary/chain/state/account";
import { toKey } from "@tributary/chain/store/key";
import type { Account, StateReader } from "@tributary/evm/types";
import type { StateChanges } from "./state-changes.ts";

type Version<T> = { readonly block: number; readonly value: T };

/** The newest value of those that a block sees. */
function seenAt<T>(versions: readonly Version<T>[] | undefined, block: number): Version<T> | undefined {
  if (versions === undefined) return undefined;
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle]?.block ?? 0) <= block) low = middle + 1;
    else high = middle;
  }
  return versions[low - 1];
}

function append<T>(versions: Map<string, Version<T>[]>, key: string, version: Version<T>): void {
  const list = versions.get(key);
  if (list === undefined) versions.set(key, [version]);
  else list.push(version);
}

/** The flat state of every block, in memory: each account and slot with the blocks that changed it. */
export class StateHistory {
  readonly #accounts = new Map<string, Version<Account | undefined>[]>();
  /** By address and slot. */
  readonly #slots = new Map<string, Version<Uint8Array>[]>();
  /** When an account lost its storage. */
  readonly #cleared = new Map<string, Version<undefined>[]>();
  readonly #codes = new Map<string, Uint8Array>();

  /** Adds what a block changed. Blocks come in ascending order. */
  add(block: number, { accounts, cleared, storage, codes }: StateChanges): void {
    for (const address of cleared) append(this.#cleared, toKey(address), { block, value: undefined });
    for (const [address, account] of accounts) {
      if (account === undefined) append(this.#cleared, toKey(address), { block, value: undefined });
      append(this.#accounts, toKey(address), { block, value: account });
    }
    for (const [address, slot, value] of storage) append(this.#slots, toKey(address) + toKey(slot), { block, value });
    for (const [codeHash, code] of codes) this.#codes.set(toKey(codeHash), code);
  }

  /** The state after a block. */
  at(block: number, blockHash: (number: bigint) => Uint8Array | undefined): StateReader {
    return {
      account: (address) => seenAt(this.#accounts.get(toKey(address)), block)?.value,
      storage: (address, slot) => this.#storage(block, address, slot),
      code: (codeHash) => this.code(codeHash),
      blockHash,
    };
  }

  code(codeHash: Uint8Array): Uint8Array {
    const code = this.#codes.get(toKey(codeHash));
    if (code !== undefined || Buffer.compare(codeHash, EMPTY_CODE_HASH) === 0) return code ?? new Uint8Array(0);
    throw new Error("an account's code is missing");
  }

  #storage(block: number, address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const key = toKey(address);
    const value = seenAt(this.#slots.get(key + toKey(slot)), block);
    const cleared = seenAt(this.#cleared.get(key), block);
    return value === undefined || (cleared !== undefined && cleared.block > value.block) ? undefined : value.value;
  }
}
