import { createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { createTx, createTxFromRLP, type TypedTransaction } from "@ethereumjs/tx";
import { concat } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { describe, expect, test } from "vitest";
import { rlpEncode } from "../rlp/encode.ts";
import { decodeTransaction } from "./decode.ts";
import { TransactionDecoder } from "./decoder.ts";
import { intrinsicGas } from "./intrinsic-gas.ts";
import { createAddress } from "./recover.ts";
import { addressOf, keyOf, signAuthorization, signTransaction } from "./sign.fixture.ts";

const CHAIN_ID = 4242n;
const common = createCustomCommon({ chainId: Number(CHAIN_ID) }, Mainnet, { hardfork: Hardfork.Prague });
const key = keyOf(1);
const to = addressOf(keyOf(2));
const accessList = [{ address: to, storageKeys: [new Uint8Array(32), new Uint8Array(32).fill(7)] }];
const authorizations = [signAuthorization({ chainId: CHAIN_ID, address: to, nonce: 3n }, keyOf(4))];
const data = Uint8Array.from({ length: 70 }, (_, i) => i % 3);

const drafts = {
  "legacy transfer": { type: 0, to, value: 5n, price: 7n },
  "legacy creation": { type: 0, data, nonce: 200n },
  "access list": { type: 1, to, data, accessList, price: 9n },
  "fee market": { type: 2, to, data, price: 90n, tip: 3n, value: 10n ** 20n },
  "fee market creation": { type: 2, data, accessList },
  "set code": { type: 4, to, data, accessList, authorizations },
} as const;

describe.each(Object.entries(drafts))("%s", (_, draft) => {
  const raw = signTransaction({ chainId: CHAIN_ID, ...draft }, key);
  const oracle = createTxFromRLP(raw, { common }) as TypedTransaction;
  const decoded = new TransactionDecoder(CHAIN_ID).decode(raw);

  test("agrees with another implementation", () => {
    if (!decoded.ok) throw new Error(decoded.rejection.message);
    const { transaction } = decoded;
    expect(toHex(transaction.hash)).toBe(toHex(oracle.hash()));
    expect(toHex(transaction.sender)).toBe(oracle.getSenderAddress().toString());
    expect(transaction.nonce).toBe(oracle.nonce);
    expect(transaction.gasLimit).toBe(oracle.gasLimit);
    expect(transaction.value).toBe(oracle.value);
    expect(toHex(transaction.data)).toBe(toHex(oracle.data));
    expect(transaction.to === undefined ? undefined : toHex(transaction.to)).toBe(oracle.to?.toString());
    expect(intrinsicGas(transaction).intrinsic).toBe(oracle.getIntrinsicGas());
  });

  test("no byte of it can be left out, added or changed unseen", () => {
    const sender = decoded.ok ? toHex(decoded.transaction.sender) : "";
    expect(decodeTransaction(raw.subarray(0, raw.length - 1), CHAIN_ID).ok).toBe(false);
    expect(decodeTransaction(concat(raw, Uint8Array.of(0)), CHAIN_ID).ok).toBe(false);
    for (let i = 0; i < raw.length; i++) {
      const changed = raw.slice();
      changed[i] = (changed[i] ?? 0) ^ 1;
      const again = new TransactionDecoder(CHAIN_ID).decode(changed);
      if (again.ok) expect(toHex(again.transaction.sender)).not.toBe(sender);
    }
  });
});

function codeOf(raw: Uint8Array, chainId: bigint = CHAIN_ID): string {
  const decoded = decodeTransaction(raw, chainId);
  return decoded.ok ? "ok" : decoded.rejection.code;
}

test("refuses blob transactions in words that clients know", () => {
  const decoded = decodeTransaction(concat(Uint8Array.of(3), rlpEncode([1, 2, 3])), CHAIN_ID);
  expect(decoded).toEqual({
    ok: false,
    rejection: {
      code: "type-not-supported",
      message:
        "transaction type not supported (transaction type not valid: blob transactions are disabled on this chain)",
    },
  });
});

test("refuses what is not for this chain", () => {
  expect(codeOf(signTransaction({ chainId: 1n, to }, key))).toBe("wrong-chain");
  expect(codeOf(signTransaction({ chainId: 1n, type: 0, to }, key))).toBe("wrong-chain");
  const unprotected = createTx(
    { type: 0, gasLimit: 21000n, to },
    { common: createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: Hardfork.Homestead }) },
  ).sign(key);
  expect(codeOf(unprotected.serialize())).toBe("not-replay-protected");
});

test("refuses high s, zero r, odd parity and types beyond", () => {
  const raw = signTransaction({ chainId: CHAIN_ID, to }, key);
  const decoded = decodeTransaction(raw, CHAIN_ID);
  if (!decoded.ok) throw new Error("fixture");
  const { r, s, yParity } = decoded.transaction;
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const fields = [CHAIN_ID, 0, 0, 0, 1_000_000, to, 0, new Uint8Array(0), []];
  const with_ = (v: bigint, r_: bigint, s_: bigint): Uint8Array =>
    concat(Uint8Array.of(2), rlpEncode([...fields, v, r_, s_]));
  expect(codeOf(with_(BigInt(yParity), r, s))).toBe("ok");
  expect(codeOf(with_(BigInt(1 - yParity), r, order - s))).toBe("invalid-sender");
  expect(codeOf(with_(2n, r, s))).toBe("invalid-sender");
  expect(codeOf(with_(0n, 0n, s))).toBe("invalid-sender");
  expect(codeOf(with_(0n, order, s))).toBe("invalid-sender");
  for (const type of [5, 0x7f]) expect(codeOf(concat(Uint8Array.of(type), rlpEncode([])))).toBe("type-not-supported");
  expect(codeOf(new Uint8Array(0))).toBe("malformed");
});

test("refuses integers and lengths that are not in their shortest form", () => {
  const padded = rlpEncode([CHAIN_ID, 0, 0, 0, Uint8Array.of(0, 1), to, 0, new Uint8Array(0), [], 0, 1, 1]);
  expect(codeOf(concat(Uint8Array.of(2), padded))).toBe("malformed");
  const longLength = concat(Uint8Array.of(0xf8, 10), new Uint8Array(10).fill(0x80));
  expect(codeOf(longLength)).toBe("malformed");
});

test("refuses what is too large and what offers more tip than cap", () => {
  const large = signTransaction({ chainId: CHAIN_ID, to, data: new Uint8Array(128 * 1024) }, key);
  expect(codeOf(large)).toBe("oversized");
  expect(codeOf(signTransaction({ chainId: CHAIN_ID, to, price: 1n, tip: 2n }, key))).toBe("tip-above-fee-cap");
  expect(codeOf(signTransaction({ chainId: CHAIN_ID, to, type: 4 }, key))).toBe("empty-authorizations");
  expect(codeOf(signTransaction({ chainId: CHAIN_ID, type: 4, authorizations }, key))).toBe("malformed");
  expect(codeOf(signTransaction({ chainId: CHAIN_ID, to, nonce: 2n ** 64n - 1n }, key))).toBe("nonce-max");
});

test("contract addresses follow the sender and its nonce", () => {
  const sender = Buffer.from("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", "hex");
  expect(toHex(createAddress(sender, 0n))).toBe("0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d");
  expect(toHex(createAddress(sender, 1n))).toBe("0x343c43a37d37dff08ae8c4a11544c718abb4fcf8");
});

test("decodes the same bytes once, and keeps nothing of the message that they lay in", () => {
  const decoder = new TransactionDecoder(CHAIN_ID);
  const raw = signTransaction({ chainId: CHAIN_ID, to }, key);
  const message = concat(new Uint8Array(1_000), raw);
  const first = decoder.decode(message.subarray(1_000));
  message.fill(0);
  const second = decoder.decode(raw);
  if (!first.ok || !second.ok) throw new Error("refused");
  expect(second.transaction).toBe(first.transaction);
  expect(first.transaction.raw.buffer.byteLength).toBe(raw.length);
  expect(toHex(first.transaction.raw)).toBe(toHex(raw));
  // Another signature over the same fields is another transaction.
  const other = signTransaction({ chainId: CHAIN_ID, to }, keyOf(7));
  expect(decoder.decode(other)).not.toEqual(first);
});
