import type { Transaction } from "./transaction.ts";

// Prague's gas schedule of a transaction before any code runs.
const BASE = 21_000n;
const CREATION = 32_000n;
const ZERO_BYTE = 4n;
const OTHER_BYTE = 16n;
/** EIP-3860, per word of initcode. */
const INITCODE_WORD = 2n;
/** EIP-2930. */
const ACCESS_ADDRESS = 2_400n;
const ACCESS_KEY = 1_900n;
/** EIP-7702: PER_EMPTY_ACCOUNT_COST; what an existing account gets back is refunded at execution. */
export const AUTHORIZATION_GAS = 25_000n;
export const EXISTING_AUTHORITY_REFUND = 12_500n;
/** EIP-7623: a non-zero byte counts four tokens. */
const FLOOR_TOKEN = 10n;

export type IntrinsicGas = {
  readonly intrinsic: bigint;
  /** EIP-7623: a transaction pays at least this. */
  readonly floor: bigint;
};

export function intrinsicGas(
  transaction: Pick<Transaction, "to" | "data" | "accessList" | "authorizations">,
): IntrinsicGas {
  const { to, data, accessList, authorizations } = transaction;
  let zeros = 0;
  for (const byte of data) if (byte === 0) zeros++;
  const others = data.length - zeros;
  let intrinsic = BASE + BigInt(zeros) * ZERO_BYTE + BigInt(others) * OTHER_BYTE;
  if (to === undefined) intrinsic += CREATION + INITCODE_WORD * BigInt(Math.ceil(data.length / 32));
  for (const { storageKeys } of accessList) intrinsic += ACCESS_ADDRESS + ACCESS_KEY * BigInt(storageKeys.length);
  intrinsic += AUTHORIZATION_GAS * BigInt(authorizations.length);
  return { intrinsic, floor: BASE + FLOOR_TOKEN * BigInt(zeros + 4 * others) };
}
