import { uint } from "@tributary/protocol/bytes/bytes";
import { toBigInt } from "@tributary/protocol/bytes/index";
import { FEES_ADDRESS } from "../predeploy-addresses.ts";
import type { ContractSlots } from "./fee-storage.ts";
import { addressSlot, mappingSlot } from "./mapping-slot.ts";

// What accounts bought of priority, in the storage of contracts/src/chain/Fees.sol.
const PRIORITY_SLOT: Uint8Array = uint(4, 32);
const SOLD_SLOT: Uint8Array = uint(5, 32);
const PERIOD_SECONDS = 3_600;

/** Gas a second that an account has priority for. */
export type Priorities = (address: Uint8Array) => number;

/** Of the period in which a time of the chain lies, seconds; undefined where nothing is sold of it. */
export function prioritiesAt(slots: ContractSlots, time: number): Priorities | undefined {
  const period = uint(Math.floor(time / PERIOD_SECONDS), 32);
  const sold = slots(FEES_ADDRESS, mappingSlot(period, SOLD_SLOT));
  if (sold.every((byte) => byte === 0)) return undefined;
  return (address) => {
    const rate = slots(FEES_ADDRESS, mappingSlot(period, addressSlot(address, PRIORITY_SLOT)));
    return Number(toBigInt(rate));
  };
}
