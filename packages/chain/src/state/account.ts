import { uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";

export const EMPTY_CODE_HASH: Uint8Array = keccak256(new Uint8Array(0));

/** An account as the flat state holds it. */
export type FlatAccount = {
  readonly nonce: bigint;
  readonly balance: bigint;
  /** 32 bytes. */
  readonly codeHash: Uint8Array;
};

const BYTES = 8 + 32 + 32;

/** u64 nonce ‖ u256 balance ‖ code hash: fixed width, so that equal accounts are equal bytes. */
export function encodeAccount(account: FlatAccount): Uint8Array {
  const out = new Uint8Array(BYTES);
  out.set(uint(account.nonce, 8), 0);
  out.set(Buffer.from(account.balance.toString(16).padStart(64, "0"), "hex"), 8);
  out.set(account.codeHash, 40);
  return out;
}

/** Undefined where the bytes are no account. */
export function decodeAccount(bytes: Uint8Array): FlatAccount | undefined {
  if (bytes.length !== BYTES) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, BYTES);
  return {
    nonce: view.readBigUInt64BE(0),
    balance: BigInt(`0x${view.toString("hex", 8, 40)}`),
    codeHash: bytes.subarray(40),
  };
}

/** EIP-161: such accounts are not kept. */
export function isEmptyAccount(account: FlatAccount): boolean {
  return account.nonce === 0n && account.balance === 0n && Buffer.compare(account.codeHash, EMPTY_CODE_HASH) === 0;
}
