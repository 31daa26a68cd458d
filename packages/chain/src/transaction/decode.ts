import { concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { rlpEncode, rlpListHeader } from "../rlp/encode.ts";
import { RlpReader } from "../rlp/reader.ts";
import type { Rejection, RejectionCode } from "./rejection.ts";
import type { AccessListItem, Authorization, Transaction, TransactionType } from "./transaction.ts";

/** Bytes of one transaction on the wire: what geth takes too. */
export const MAX_TRANSACTION_BYTES: number = 128 * 1024;

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
export const HALF_CURVE_ORDER: bigint = CURVE_ORDER / 2n;
const NONE: readonly never[] = [];
const MAX_NONCE = 2n ** 64n - 1n;

/** A decoded transaction whose signer is still to be recovered from `digest`. */
export type UnrecoveredTransaction = Omit<Transaction, "sender" | "hash"> & {
  /** What was signed, 32 bytes. */
  readonly digest: Uint8Array;
};

export type DecodeResult =
  | { readonly ok: true; readonly transaction: UnrecoveredTransaction }
  | { readonly ok: false; readonly rejection: Rejection };

function reject(code: RejectionCode, message: string): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection: { code, message } };
}

function readTo(reader: RlpReader): Uint8Array | undefined {
  const to = reader.bytes(20);
  if (to.length !== 0 && to.length !== 20) reader.fail();
  return to.length === 0 ? undefined : to;
}

export function readAccessList(reader: RlpReader): AccessListItem[] {
  const out: AccessListItem[] = [];
  const list = reader.list();
  while (list.more) {
    const item = list.list();
    const address = item.fixed(20);
    const storageKeys: Uint8Array[] = [];
    const keys = item.list();
    while (keys.more) storageKeys.push(keys.fixed(32));
    if (!item.complete) item.fail();
    out.push({ address, storageKeys });
  }
  return out;
}

function readAuthorizations(reader: RlpReader): Authorization[] {
  const out: Authorization[] = [];
  const list = reader.list();
  while (list.more) {
    const item = list.list();
    out.push({
      chainId: item.uint(32),
      address: item.fixed(20),
      nonce: item.uint(8),
      yParity: Number(item.uint(1)),
      r: item.uint(32),
      s: item.uint(32),
    });
    if (!item.complete) item.fail();
  }
  return out;
}

type Fields = Omit<Transaction, "type" | "sender" | "hash" | "raw" | "yParity"> & {
  readonly parity: bigint;
  readonly digest: Uint8Array;
};

function readLegacy(raw: Uint8Array): Fields | Rejection | undefined {
  const reader = RlpReader.list(raw);
  const start = reader.position;
  const nonce = reader.uint(8);
  const price = reader.uint(32);
  const gasLimit = reader.uint(8);
  const to = readTo(reader);
  const value = reader.uint(32);
  const data = reader.bytes(raw.length);
  const end = reader.position;
  const v = reader.uint(32);
  const r = reader.uint(32);
  const s = reader.uint(32);
  if (!reader.complete) return undefined;
  if (v === 27n || v === 28n) {
    return {
      code: "not-replay-protected",
      message: "only replay-protected (EIP-155) transactions allowed over RPC",
    };
  }
  if (v < 35n) return undefined;
  const chainId = (v - 35n) / 2n;
  // EIP-155: chain id and two empty strings stand where the signature will be.
  const tail = concat(rlpEncode(chainId), Uint8Array.of(0x80, 0x80));
  const digest = keccak256(concat(rlpListHeader(end - start + tail.length), raw.subarray(start, end), tail));
  return {
    chainId,
    nonce,
    gasLimit,
    maxFeePerGas: price,
    maxPriorityFeePerGas: price,
    to,
    value,
    data,
    accessList: NONE,
    authorizations: NONE,
    parity: (v - 35n) % 2n,
    r,
    s,
    digest,
  };
}

function readTyped(type: 1 | 2 | 4, raw: Uint8Array): Fields | Rejection | undefined {
  const payload = raw.subarray(1);
  const reader = RlpReader.list(payload);
  const start = reader.position;
  const chainId = reader.uint(32);
  const nonce = reader.uint(8);
  const tip = reader.uint(32);
  const maxFeePerGas = type === 1 ? tip : reader.uint(32);
  const gasLimit = reader.uint(8);
  const to = readTo(reader);
  const value = reader.uint(32);
  const data = reader.bytes(payload.length);
  const accessList = readAccessList(reader);
  const authorizations = type === 4 ? readAuthorizations(reader) : NONE;
  const end = reader.position;
  const parity = reader.uint(1);
  const r = reader.uint(32);
  const s = reader.uint(32);
  if (!reader.complete) return undefined;
  if (type === 4 && to === undefined) return undefined;
  if (type === 4 && authorizations.length === 0) {
    return { code: "empty-authorizations", message: "EIP-7702 transaction with empty auth list" };
  }
  const signed = concat(Uint8Array.of(type), rlpListHeader(end - start), payload.subarray(start, end));
  return {
    chainId,
    nonce,
    gasLimit,
    maxFeePerGas,
    maxPriorityFeePerGas: tip,
    to,
    value,
    data,
    accessList,
    authorizations,
    parity,
    r,
    s,
    digest: keccak256(signed),
  };
}

function read(raw: Uint8Array): { readonly type: TransactionType; readonly fields: Fields | Rejection | undefined } {
  const first = raw[0] ?? 0;
  if (first >= 0xc0) return { type: 0, fields: readLegacy(raw) };
  if (first === 1 || first === 2 || first === 4) return { type: first, fields: readTyped(first, raw) };
  const why =
    first === 3
      ? "transaction type not supported (transaction type not valid: blob transactions are disabled on this chain)"
      : "transaction type not supported (transaction type not valid)";
  return { type: 0, fields: { code: "type-not-supported", message: why } };
}

/** The refusal of a transaction that is too long. */
export function oversized(length: number, limit: number): { readonly ok: false; readonly rejection: Rejection } {
  return reject("oversized", `oversized data: transaction size ${length}, limit ${limit}`);
}

/** Decodes the wire form and applies every rule that needs neither state nor a block. The signer is not recovered. */
export function decodeTransaction(
  raw: Uint8Array,
  chainId: bigint,
  maxBytes: number = MAX_TRANSACTION_BYTES,
): DecodeResult {
  if (raw.length > maxBytes) return oversized(raw.length, maxBytes);
  if (raw.length === 0) return reject("malformed", "transaction could not be decoded: empty");
  const { type, fields } = read(raw);
  if (fields === undefined) return reject("malformed", "transaction could not be decoded: not canonical RLP");
  if ("code" in fields) return { ok: false, rejection: fields };
  if (fields.chainId !== chainId) {
    return reject("wrong-chain", `invalid chain id for signer: have ${fields.chainId} want ${chainId}`);
  }
  const { parity, r, s } = fields;
  if (parity > 1n || r === 0n || s === 0n || r >= CURVE_ORDER || s > HALF_CURVE_ORDER) {
    return reject("invalid-sender", "invalid sender: invalid transaction v, r, s values");
  }
  if (fields.maxPriorityFeePerGas > fields.maxFeePerGas) {
    return reject("tip-above-fee-cap", "max priority fee per gas higher than max fee per gas");
  }
  if (fields.nonce >= MAX_NONCE) return reject("nonce-max", "nonce has max value");
  return { ok: true, transaction: unrecovered(type, fields, raw) };
}

/** Field by field: spreading costs a transaction more than reading it. */
function unrecovered(type: TransactionType, fields: Fields, raw: Uint8Array): UnrecoveredTransaction {
  return {
    type,
    chainId: fields.chainId,
    nonce: fields.nonce,
    gasLimit: fields.gasLimit,
    maxFeePerGas: fields.maxFeePerGas,
    maxPriorityFeePerGas: fields.maxPriorityFeePerGas,
    to: fields.to,
    value: fields.value,
    data: fields.data,
    accessList: fields.accessList,
    authorizations: fields.authorizations,
    yParity: fields.parity === 0n ? 0 : 1,
    r: fields.r,
    s: fields.s,
    digest: fields.digest,
    raw,
  };
}
