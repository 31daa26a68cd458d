import { join } from "node:path";
import { rlpEncode } from "@tributary/chain/rlp/encode";
import { RlpReader } from "@tributary/chain/rlp/reader";
import { TransactionDecoder } from "@tributary/ethereum/block/transaction-decoder";
import { withoutSidecar } from "@tributary/ethereum/pool/blob-sidecar";
import { toHex } from "@tributary/protocol/bytes/hex";
import { describe, expect, test } from "vitest";
import { readFolder } from "./round-trips.ts";
import { rpcVectors } from "./vector-files.ts";

const CHAIN_ID = 3_503_995_874_084_926n;
const folder = rpcVectors();

describe.skipIf(folder === undefined)("a transaction with blobs", () => {
  const vector = () => {
    const tests = readFolder(join(folder ?? "", "eth_sendRawTransaction"));
    const step = tests.find(({ name }) => name === "send-blob-tx")?.steps[0];
    const [text = ""] = (JSON.parse(step?.request ?? "{}") as { params: string[] }).params;
    const answer = step?.answer as { readonly result?: string } | undefined;
    return { raw: Buffer.from(text.slice(2), "hex"), hash: answer?.result };
  };
  /** The parts of the form in which it is sent: transaction, version, blobs, commitments, proofs. */
  const parts = (raw: Uint8Array): Uint8Array[] => {
    const reader = RlpReader.list(raw.subarray(1));
    const out: Uint8Array[] = [];
    while (reader.more) out.push(reader.raw());
    return out;
  };
  const joined = (items: readonly Uint8Array[]): Uint8Array =>
    Buffer.concat([Uint8Array.of(3), rlpEncode(items.map((encoded) => ({ encoded })))]);
  /** With one byte of a part changed. */
  const changed = (raw: Uint8Array, part: number, byte: number): Uint8Array => {
    const items = parts(raw).map((item) => new Uint8Array(item));
    const item = items[part];
    if (item !== undefined) item[byte] = (item[byte] ?? 0) ^ 1;
    return joined(items);
  };

  test("has the hash of the form without them", () => {
    const { raw, hash } = vector();
    expect(joined(parts(raw))).toEqual(raw);
    expect(toHex(new TransactionDecoder(CHAIN_ID).decode(withoutSidecar(raw)).hash)).toBe(hash);
  });

  test("is refused where something is missing, or is not what it names", () => {
    const { raw } = vector();
    const [bare = raw, version = raw, blobs = raw, commitments = raw, proofs = raw] = parts(raw);
    const EMPTY_LIST = Uint8Array.of(0xc0);
    for (const wrong of [
      withoutSidecar(raw),
      changed(raw, 3, 20),
      joined([bare, version, blobs, commitments]),
      joined([bare, version, EMPTY_LIST, commitments, proofs]),
      joined([bare, version, blobs, EMPTY_LIST, proofs]),
      joined([bare, version, blobs, commitments, EMPTY_LIST]),
      joined([bare, blobs, commitments, proofs]),
      joined([bare, version, blobs, commitments, proofs, EMPTY_LIST]),
      raw.subarray(0, 1_000),
      Uint8Array.of(3),
    ]) {
      expect(() => withoutSidecar(wrong)).toThrow(TypeError);
    }
    expect(() => new TransactionDecoder(CHAIN_ID + 1n).decode(withoutSidecar(raw))).toThrow();
  });
});
