import type { Fork, Transaction } from "@tributary/evm/types";

/** One way to make the machine work hard for little gas. */
export type HostileCase = {
  readonly name: string;
  readonly fork: Fork;
  /** Code by address; the first is what the transaction calls. */
  readonly accounts: readonly (readonly [address: bigint, code: Uint8Array])[];
  /** What the transaction has beside its gas, given that. */
  readonly transaction?: (gas: number) => Partial<Transaction>;
  /** How the transaction must end. Any other way, the case would not do what its name says. */
  readonly ends: "out of gas" | "success" | "revert";
};

/** The account that transactions call. */
export const TARGET = 0xc0den;
/** Accounts from here on have a balance; more than any transaction can ask for. */
export const FUNDED = 0x60_0000_0000_0000n;
/** Accounts from here on have maximal codes, all distinct. */
export const MAXIMAL = 0x70_0000_0000_0000n;
/** Slots from here on hold values, in every account of the case. */
export const FILLED = 0x50_0000_0000_0000n;

type Options = Partial<Omit<HostileCase, "name" | "accounts">> & {
  readonly others?: HostileCase["accounts"];
};

/** A case that calls `code` until all gas is gone, unless `options` say otherwise. */
export function hostile(name: string, code: Uint8Array, options: Options = {}): HostileCase {
  const { others = [], ...rest } = options;
  return { name, fork: "osaka", accounts: [[TARGET, code], ...others], ends: "out of gas", ...rest };
}
