import { concat, toBigInt } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import secp256k1 from "secp256k1/bindings.js";
import { type RlpItem, rlpEncode } from "../rlp/encode.ts";
import type { AccessListItem, Authorization } from "./transaction.ts";

// Signs transactions for tests and benchmarks.

/** What the caller cares for; the rest has defaults. */
export type Draft = {
  readonly type?: 0 | 1 | 2 | 4;
  readonly chainId: bigint;
  readonly nonce?: bigint;
  readonly gasLimit?: bigint;
  readonly price?: bigint;
  readonly tip?: bigint;
  readonly to?: Uint8Array;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  readonly accessList?: readonly AccessListItem[];
  readonly authorizations?: readonly Authorization[];
};

/** A deterministic private key. */
export function keyOf(index: number): Uint8Array {
  return keccak256(new TextEncoder().encode(`key ${index}`));
}

export function addressOf(key: Uint8Array): Uint8Array {
  return keccak256(secp256k1.publicKeyCreate(key, false).subarray(1)).slice(12);
}

function sign(
  payload: Uint8Array,
  key: Uint8Array,
): { readonly parity: number; readonly r: bigint; readonly s: bigint } {
  const { signature, recid } = secp256k1.ecdsaSign(keccak256(payload), key);
  return { parity: recid, r: toBigInt(signature.subarray(0, 32)), s: toBigInt(signature.subarray(32)) };
}

export function signAuthorization(
  authorization: { readonly chainId: bigint; readonly address: Uint8Array; readonly nonce: bigint },
  key: Uint8Array,
): Authorization {
  const { chainId, address, nonce } = authorization;
  const { parity, r, s } = sign(concat(Uint8Array.of(5), rlpEncode([chainId, address, nonce])), key);
  return { chainId, address, nonce, yParity: parity, r, s };
}

/** The wire form of the signed transaction. */
export function signTransaction(draft: Draft, key: Uint8Array): Uint8Array {
  const { type = 2, chainId, nonce = 0n, gasLimit = 1_000_000n, price = 0n, value = 0n } = draft;
  const to = draft.to ?? new Uint8Array(0);
  const data = draft.data ?? new Uint8Array(0);
  if (type === 0) {
    const fields = [nonce, price, gasLimit, to, value, data];
    const { parity, r, s } = sign(rlpEncode([...fields, chainId, 0, 0]), key);
    return rlpEncode([...fields, 35n + 2n * chainId + BigInt(parity), r, s]);
  }
  const prices = type === 1 ? [price] : [draft.tip ?? price, price];
  const accessList: RlpItem = (draft.accessList ?? []).map(({ address, storageKeys }) => [address, storageKeys]);
  const authorizations: RlpItem = (draft.authorizations ?? []).map((item) => [
    item.chainId,
    item.address,
    item.nonce,
    item.yParity,
    item.r,
    item.s,
  ]);
  const tail = type === 4 ? [accessList, authorizations] : [accessList];
  const fields: RlpItem[] = [chainId, nonce, ...prices, gasLimit, to, value, data, ...tail];
  const prefix = Uint8Array.of(type);
  const { parity, r, s } = sign(concat(prefix, rlpEncode(fields)), key);
  return concat(prefix, rlpEncode([...fields, parity, r, s]));
}
