import { concat, uint } from "@tributary/protocol/bytes/bytes";
import { toBigInt } from "@tributary/protocol/bytes/index";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { CHAIN_INFORMATION_ADDRESS, RULES_ADDRESS } from "../predeploy-addresses.ts";
import { initialRules } from "../rules/rules-storage.ts";

/** 32 bytes at a slot of a contract, as it stands at genesis. */
export type InitialSlot = { readonly address: Uint8Array; readonly slot: Uint8Array; readonly value: Uint8Array };

/** What the constructors of predeployed contracts would have written. Values may be zero. */
export function initialStorage(parameters: GenesisParameters, owner: Uint8Array): readonly InitialSlot[] {
  const information = informationSlots(parameters);
  return [
    { address: RULES_ADDRESS, ...initialRules(owner) },
    ...information.map((entry) => ({ address: CHAIN_INFORMATION_ADDRESS, ...entry })),
  ];
}

/** contracts/src/chain/ChainInformation.sol: three packed numbers, then the name. */
function informationSlots({
  timestamp,
  gasLimit,
  byteLimit,
  name,
}: GenesisParameters): readonly Omit<InitialSlot, "address">[] {
  const limits = concat(new Uint8Array(8), uint(byteLimit, 8), uint(gasLimit, 8), uint(timestamp, 8));
  return [{ slot: uint(0, 32), value: limits }, ...textSlots(uint(1, 32), new TextEncoder().encode(name))];
}

/** Solidity's layout of a string. */
function textSlots(slot: Uint8Array, text: Uint8Array): readonly Omit<InitialSlot, "address">[] {
  const { length } = text;
  if (length < 32) return [{ slot, value: concat(text, new Uint8Array(31 - length), uint(2 * length, 1)) }];
  const first = toBigInt(keccak256(slot));
  const words = Array.from({ length: Math.ceil(length / 32) }, (_, index) => {
    const value = new Uint8Array(32);
    value.set(text.subarray(32 * index, 32 * index + 32));
    return { slot: uint(BigInt.asUintN(256, first + BigInt(index)), 32), value };
  });
  return [{ slot, value: uint(2 * length + 1, 32) }, ...words];
}
