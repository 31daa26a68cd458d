import { equal, uint } from "@tributary/protocol/bytes/bytes";
import { toBigInt } from "@tributary/protocol/bytes/index";
import { FEES_ADDRESS, RULES_ADDRESS } from "../predeploy-addresses.ts";
import { storageKey } from "../state/flat-key.ts";
import type { StateReader } from "../state/state-view.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { callEntry } from "./mapping-slot.ts";
import { RulesStorage } from "./rules-storage.ts";

// What gas costs lies in the storage of contracts/src/chain/Fees.sol. Its slots are repeated here: members read them
// without running the contract.
const PRICE_SLOT: Uint8Array = uint(0, 32);
const SPONSORSHIPS_SLOT: Uint8Array = uint(1, 32);
const SPONSORED_SLOT: Uint8Array = uint(2, 32);

/** What a block charges. */
export type GasPrice = {
  /** Wei a gas; 0: nothing. */
  readonly price: bigint;
  /** Gets what is paid. */
  readonly treasury: Uint8Array;
};

/** What decides whether a transaction pays. */
export type Paying = Pick<Transaction, "sender" | "to" | "data" | "maxFeePerGas">;

/** A slot of a contract in a state, 32 bytes. */
export type ContractSlots = (address: Uint8Array, slot: Uint8Array) => Uint8Array;

export function slotsOf(state: StateReader): ContractSlots {
  return (address, slot) => {
    const word = new Uint8Array(32);
    const value = state.get(storageKey(address, slot)) ?? word;
    word.set(value, 32 - value.length);
    return word;
  };
}

/** What the block after a state charges. */
export function gasPriceIn(slots: ContractSlots): GasPrice {
  const word = slots(FEES_ADDRESS, PRICE_SLOT);
  const price = toBigInt(word.subarray(0, 12));
  return { price, treasury: price === 0n ? new Uint8Array(20) : word.slice(12) };
}

/**
 * Wei a gas that a transaction pays in a block with a price: that price where it offers as much; nothing where it offers
 * less and the owner pays for such calls, or sends it; undefined where it offers too little. So what was paid can be told
 * from transaction and block alone.
 */
export function paidPrice(price: bigint, transaction: Paying, slots: ContractSlots): bigint | undefined {
  if (transaction.maxFeePerGas >= price) return price;
  return isSponsored(transaction, slots) ? 0n : undefined;
}

/** The owner of the chain where a transaction uses its credit and not the sender's: it pays nothing, since the owner sponsors it. */
export function sponsorOf(price: bigint, transaction: Paying, slots: ContractSlots): Uint8Array | undefined {
  if (price > 0n && transaction.maxFeePerGas >= price) return undefined;
  return sponsorsAny(slots) && isSponsoredCall(transaction, slots) ? ownerIn(slots) : undefined;
}

/** Whether the owner sponsors anything at all. */
export function sponsorsAny(slots: ContractSlots): boolean {
  return slots(FEES_ADDRESS, SPONSORSHIPS_SLOT).some((byte) => byte !== 0);
}

function isSponsored(transaction: Paying, slots: ContractSlots): boolean {
  const owner = ownerIn(slots);
  // The owner could lock itself out otherwise.
  return (owner !== undefined && equal(transaction.sender, owner)) || isSponsoredCall(transaction, slots);
}

function isSponsoredCall({ to, data }: Paying, slots: ContractSlots): boolean {
  if (to === undefined) return false;
  return callEntry((slot) => slots(FEES_ADDRESS, slot), SPONSORED_SLOT, to, data.subarray(0, 4)) !== 0;
}

function ownerIn(slots: ContractSlots): Uint8Array | undefined {
  const { owner } = new RulesStorage((slot) => slots(RULES_ADDRESS, slot));
  return owner.some((byte) => byte !== 0) ? owner : undefined;
}
