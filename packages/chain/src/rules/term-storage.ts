import { concat, equal, uint } from "@tributary/protocol/bytes/bytes";
import { toBigInt } from "@tributary/protocol/bytes/index";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { CHAIN_INFORMATION_ADDRESS } from "../predeploy-addresses.ts";
import type { ContractSlots } from "./fee-storage.ts";

// Which committee orders lies in the storage of contracts/src/chain/ChainInformation.sol. Its slots are repeated here:
// members read them without running the contract.
const TERM_SLOT: Uint8Array = uint(2, 32);
const COMMITTEE_SLOT: Uint8Array = uint(3, 32);
const BEGIN_TERM: Uint8Array = keccak256(new TextEncoder().encode("beginTerm(uint64,uint64,uint16,bytes32)")).subarray(
  0,
  4,
);

/** The committee that orders a block. */
export type Term = {
  readonly era: number;
  readonly epoch: number;
  /** N. */
  readonly members: number;
  /** Hash of members and share keys, 32 bytes. */
  readonly committee: Uint8Array;
};

/** Whether a state names this term. */
export function isTermOf(slots: ContractSlots, { era, epoch, members, committee }: Term): boolean {
  const packed = concat(new Uint8Array(14), uint(members, 2), uint(epoch, 8), uint(era, 8));
  return (
    equal(slots(CHAIN_INFORMATION_ADDRESS, TERM_SLOT), packed) &&
    equal(slots(CHAIN_INFORMATION_ADDRESS, COMMITTEE_SLOT), committee)
  );
}

/** The term that a state names; undefined before the first block. */
export function termIn(slots: ContractSlots): Term | undefined {
  const packed = slots(CHAIN_INFORMATION_ADDRESS, TERM_SLOT);
  const [members = 0, epoch = 0, era = 0] = [packed.subarray(14, 16), packed.subarray(16, 24), packed.subarray(24)].map(
    (bytes) => Number(toBigInt(bytes)),
  );
  return members === 0
    ? undefined
    : { era, epoch, members, committee: slots(CHAIN_INFORMATION_ADDRESS, COMMITTEE_SLOT) };
}

/** Calldata by which the protocol tells the contract of a term. */
export function beginTermCall({ era, epoch, members, committee }: Term): Uint8Array {
  return concat(BEGIN_TERM, uint(era, 32), uint(epoch, 32), uint(members, 32), committee);
}
