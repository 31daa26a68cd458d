import { keccak256 } from "@tributary/protocol/crypto/keccak";

export const EMPTY_CODE_HASH: Uint8Array = keccak256(new Uint8Array(0));

/** An account as the flat state holds it. */
export type FlatAccount = {
  readonly nonce: bigint;
  readonly balance: bigint;
  /** 32 bytes. */
  readonly codeHash: Uint8Array;
};

/** Of every account. */
export const ACCOUNT_BYTES: number = 8 + 32 + 32;

/** u64 nonce ‖ u256 balance ‖ code hash: fixed width, so that equal accounts are equal bytes. */
export function encodeAccount({ nonce, balance, codeHash }: FlatAccount): Uint8Array {
  const out = new Uint8Array(ACCOUNT_BYTES);
  new DataView(out.buffer).setBigUint64(0, nonce);
  encodeBalance(balance, out, 8);
  out.set(codeHash, 40);
  return out;
}

/** Writes u256 at an offset. */
export function encodeBalance(balance: bigint, into: Uint8Array, offset: number): void {
  const view = new DataView(into.buffer, into.byteOffset + offset, 32);
  let rest = balance;
  for (let at = 24; at >= 0; at -= 8, rest >>= 64n) view.setBigUint64(at, BigInt.asUintN(64, rest));
}

/** Undefined where the bytes are no account. */
export function decodeAccount(bytes: Uint8Array): FlatAccount | undefined {
  if (bytes.length !== ACCOUNT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, ACCOUNT_BYTES);
  let balance = 0n;
  for (let at = 8; at < 40; at += 8) {
    const limb = view.getBigUint64(at);
    balance = balance === 0n ? limb : (balance << 64n) | limb;
  }
  return { nonce: view.getBigUint64(0), balance, codeHash: bytes.subarray(40) };
}

/** 32 bytes; undefined where the bytes are no account, or one without code. */
export function codeHashIn(account: Uint8Array): Uint8Array | undefined {
  if (account.length !== ACCOUNT_BYTES) return undefined;
  const hash = account.subarray(40);
  return Buffer.compare(hash, EMPTY_CODE_HASH) === 0 ? undefined : hash;
}

/** EIP-161: such accounts are not kept. */
export function isEmptyAccount(account: FlatAccount): boolean {
  return account.nonce === 0n && account.balance === 0n && Buffer.compare(account.codeHash, EMPTY_CODE_HASH) === 0;
}
