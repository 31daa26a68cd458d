import type { Account, StateReader } from "@tributary/evm/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { EMPTY_CODE_HASH } from "../state/account.ts";
import { toKey } from "../store/key.ts";
import type { StateOverride } from "./call.ts";

type Pretended = {
  readonly override: StateOverride;
  readonly codeHash: Uint8Array | undefined;
  readonly slots: ReadonlyMap<string, Uint8Array>;
};

/** A state of which a call pretends that some accounts are different. */
export class OverriddenState implements StateReader {
  readonly #state: StateReader;
  readonly #accounts = new Map<string, Pretended>();
  readonly #codes = new Map<string, Uint8Array>();

  constructor(state: StateReader, overrides: readonly StateOverride[]) {
    this.#state = state;
    for (const override of overrides) {
      const { code } = override;
      const codeHash = code === undefined ? undefined : keccak256(code);
      if (code !== undefined && codeHash !== undefined) this.#codes.set(toKey(codeHash), code);
      const slots = new Map((override.storage ?? []).map(({ key, value }) => [toKey(key), padded(value)]));
      this.#accounts.set(toKey(override.address), { override, codeHash, slots });
    }
  }

  account(address: Uint8Array): Account | undefined {
    const account = this.#state.account(address);
    const pretended = this.#accounts.get(toKey(address));
    if (pretended === undefined) return account;
    const { override, codeHash } = pretended;
    return {
      nonce: override.nonce ?? account?.nonce ?? 0n,
      balance: override.balance ?? account?.balance ?? 0n,
      codeHash: codeHash ?? account?.codeHash ?? EMPTY_CODE_HASH,
    };
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const pretended = this.#accounts.get(toKey(address));
    const value = pretended?.slots.get(toKey(slot));
    if (value !== undefined || pretended?.override.clearsStorage === true) return value;
    return this.#state.storage(address, slot);
  }

  code(codeHash: Uint8Array): Uint8Array {
    return this.#codes.get(toKey(codeHash)) ?? this.#state.code(codeHash);
  }

  blockHash(number: bigint): Uint8Array | undefined {
    return this.#state.blockHash(number);
  }
}

function padded(value: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  out.set(value.subarray(-32), 32 - Math.min(value.length, 32));
  return out;
}
