import { addressOfSecretKey } from "@tributary/protocol/crypto/secp256k1";

function address(last: number): Uint8Array {
  return Uint8Array.from({ length: 20 }, (_, i) => (i === 19 ? last : 0xc0));
}

/** Accounts that have code in a scenario; the first is the one that most transactions call. */
export const contracts: readonly Uint8Array[] = [1, 2, 3, 4, 5].map(address);
/** Has a balance and nothing else. */
export const plain: Uint8Array = address(0xe0);
/** Is in no state before. */
export const nobody: Uint8Array = address(0xff);
export const coinbase: Uint8Array = address(0xcb);

/** Known to everybody: fixtures carry it. */
export const secretKey: Uint8Array = new Uint8Array(32).fill(0x45);
export const sender: Uint8Array = addressOfSecretKey(secretKey) as Uint8Array;

/** Signers of authorizations. */
export const authorityKeys: readonly Uint8Array[] = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
export const authorities: readonly Uint8Array[] = authorityKeys.map((key) => addressOfSecretKey(key) as Uint8Array);
