import { equal, uint } from "@tributary/protocol/bytes/bytes";
import { toBigInt } from "@tributary/protocol/bytes/index";
import { FEES_ADDRESS, RULES_ADDRESS } from "../predeploy-addresses.ts";
import { storageKey } from "../state/flat-key.ts";
import type { StateReader } from "../state/state-view.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { effectiveTip, type FeeParent, followingBaseFee, type Offer } from "./base-fee.ts";
import { callEntry } from "./mapping-slot.ts";
import { RulesStorage } from "./rules-storage.ts";

// What gas costs lies in the storage of contracts/src/chain/Fees.sol. Its slots are repeated here: members read them
// without running the contract.
const PRICE_SLOT: Uint8Array = uint(0, 32);
const SPONSORSHIPS_SLOT: Uint8Array = uint(1, 32);
const SPONSORED_SLOT: Uint8Array = uint(2, 32);
const BOUNDS_SLOT: Uint8Array = uint(3, 32);
const NOBODY = new Uint8Array(20);

/** The owner's terms in a state. */
export type FeeTerms = {
  /** Wei a gas: the fixed price, or the floor of ordinary fees. 0: nothing is charged. */
  readonly price: bigint;
  /** The most that an ordinary base fee rises to; 0: the price is fixed. */
  readonly ceiling: bigint;
  /** Gets what is paid. */
  readonly treasury: Uint8Array;
};

/** What one block charges. */
export type Charge = {
  /** Wei a gas; 0: nothing. Its base fee. */
  readonly price: bigint;
  /** Whether what is offered beyond it as a tip is paid, too (EIP-1559). */
  readonly tips: boolean;
  readonly treasury: Uint8Array;
};

/** Wei a gas. */
export type Payment = {
  readonly price: bigint;
  /** What the sender must have; with ordinary fees all that it offers (EIP-1559). */
  readonly reserve: bigint;
};

/** What decides whether a transaction pays. */
export type Paying = Pick<Transaction, "sender" | "to" | "data" | "maxFeePerGas" | "maxPriorityFeePerGas">;

/** A slot of a contract in a state, 32 bytes. */
export type ContractSlots = (address: Uint8Array, slot: Uint8Array) => Uint8Array;

const NOTHING: Payment = { price: 0n, reserve: 0n };

export function slotsOf(state: StateReader): ContractSlots {
  return (address, slot) => {
    const word = new Uint8Array(32);
    const value = state.get(storageKey(address, slot)) ?? word;
    word.set(value, 32 - value.length);
    return word;
  };
}

export function feeTermsIn(slots: ContractSlots): FeeTerms {
  const word = slots(FEES_ADDRESS, PRICE_SLOT);
  const price = toBigInt(word.subarray(0, 12));
  if (price === 0n) return { price, ceiling: 0n, treasury: NOBODY };
  return { price, ceiling: toBigInt(slots(FEES_ADDRESS, BOUNDS_SLOT).subarray(20)), treasury: word.slice(12) };
}

/** What the block after `parent` charges by the terms that are in the state after it. */
export function chargeAfter(
  { price, ceiling, treasury }: FeeTerms,
  parent: FeeParent & { readonly baseFeePerGas?: bigint },
): Charge {
  if (ceiling === 0n) return { price, tips: false, treasury };
  const following = followingBaseFee(parent.baseFeePerGas ?? 0n, parent);
  const raised = following < price ? price : following;
  return { price: raised > ceiling ? ceiling : raised, tips: true, treasury };
}

/** Wei a gas that a transaction paid in a block, as the two tell by themselves: who offers too little was let in for nothing. */
export function pricePaid({ price, tips }: Pick<Charge, "price" | "tips">, offer: Offer): bigint {
  if (offer.maxFeePerGas < price) return 0n;
  return tips ? price + effectiveTip(offer, price) : price;
}

/**
 * What a transaction pays in a block: what it is asked for where it offers as much; nothing where it offers less and the
 * owner pays for such calls, or sends it; undefined where it offers too little.
 */
export function paymentOf(
  charge: Pick<Charge, "price" | "tips">,
  transaction: Paying,
  slots: ContractSlots,
): Payment | undefined {
  const { price, tips } = charge;
  if (transaction.maxFeePerGas < price) return isSponsored(transaction, slots) ? NOTHING : undefined;
  return { price: pricePaid(charge, transaction), reserve: tips ? transaction.maxFeePerGas : price };
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
