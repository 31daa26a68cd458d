import { uint } from "@tributary/protocol/bytes/bytes";
import { addressSlot, callEntry, type SlotReader } from "./mapping-slot.ts";

// The owner's rules lie in the storage of contracts/src/chain/Rules.sol. Its slots and flags are repeated here: members
// read them without running the contract.

const OWNER_SLOT: Uint8Array = uint(0, 32);
const POLICY_SLOT: Uint8Array = uint(2, 32);
const ACCOUNTS_SLOT: Uint8Array = uint(3, 32);
const CALLS_SLOT: Uint8Array = uint(4, 32);

export const POLICY = {
  restrictDeployments: 1,
  restrictCalls: 2,
  bareTransfers: 4,
  pauseTransfers: 8,
  pauseCalls: 16,
  pauseDeployments: 32,
  pauseDelegations: 64,
} as const;

export const ACCOUNT = { deployer: 1, factory: 2, tool: 4, blocked: 8 } as const;

export const PERMISSION = { top: 1, inner: 2 } as const;

/** Flags, and the gas limit of one transaction; 0 for none. */
export type RuleWord = { readonly flags: number; readonly gasLimit: bigint };

/** What the contract's constructor would have written. */
export function initialRules(owner: Uint8Array): { readonly slot: Uint8Array; readonly value: Uint8Array } {
  return { slot: OWNER_SLOT, value: owner };
}

/** The rules as storage holds them now; `slot` gives the 32 bytes of a slot of the contract. */
export class RulesStorage {
  readonly #slot: SlotReader;

  constructor(slot: SlotReader) {
    this.#slot = slot;
  }

  get owner(): Uint8Array {
    return this.#slot(OWNER_SLOT).subarray(12);
  }

  /** Without any flag or limit there are no rules at all. */
  get policy(): RuleWord {
    return unpacked(this.#slot(POLICY_SLOT));
  }

  account(address: Uint8Array): RuleWord {
    return unpacked(this.#slot(addressSlot(address, ACCOUNTS_SLOT)));
  }

  /** Permissions for a call with the first bytes of its input, at most 4. */
  permission(target: Uint8Array, selector: Uint8Array): number {
    return callEntry(this.#slot, CALLS_SLOT, target, selector);
  }
}

function unpacked(word: Uint8Array): RuleWord {
  const view = new DataView(word.buffer, word.byteOffset, 32);
  // The flags that have a meaning are all in the last byte.
  return { flags: view.getUint8(31), gasLimit: view.getBigUint64(16) };
}
