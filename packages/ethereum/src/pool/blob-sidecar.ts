import { createHash } from "node:crypto";
import { RlpReader } from "@tributary/chain/rlp/reader";
import { concat, equal } from "@tributary/protocol/bytes/bytes";
import { BLOB_TYPE } from "../block/blob-transaction.ts";

const BLOB_BYTES = 131_072;
const POINT_BYTES = 48;
/** EIP-7594: proofs of a blob's cells. */
const CELLS = 128;
/** EIP-4844: first byte of a hash of a commitment. */
const COMMITMENT_VERSION = 1;

/**
 * The transaction as it stands in a block: one with blobs comes with them, their commitments and proofs (EIP-4844 and
 * EIP-7594). Commitments must be those that the transaction names; that blobs and proofs fit them is not verified, which
 * takes the ceremony's whole setup. Throws where the form is wrong.
 */
export function withoutSidecar(raw: Uint8Array): Uint8Array {
  if (raw[0] !== BLOB_TYPE) return raw;
  const outer = RlpReader.list(raw.subarray(1));
  if (!outer.nextIsList) throw new TypeError("a transaction with blobs comes with its blobs");
  const bare = concat(Uint8Array.of(BLOB_TYPE), outer.raw());
  const cells = !outer.nextIsList && outer.safe() === 1;
  const blobs = readAll(outer.list(), BLOB_BYTES);
  const commitments = readAll(outer.list(), POINT_BYTES);
  const proofs = readAll(outer.list(), POINT_BYTES);
  const hashes = namedHashes(bare);
  if (!outer.complete || blobs.length !== hashes.length || commitments.length !== hashes.length) {
    throw new TypeError("blobs, commitments and hashes do not match");
  }
  if (proofs.length !== blobs.length * (cells ? CELLS : 1)) throw new TypeError("wrong number of proofs");
  for (const [index, commitment] of commitments.entries()) {
    const hash = createHash("sha256").update(commitment).digest();
    hash[0] = COMMITMENT_VERSION;
    if (!equal(hash, hashes[index] ?? new Uint8Array(0))) throw new TypeError("a commitment is not the one named");
  }
  return bare;
}

function readAll(reader: RlpReader, length: number): readonly Uint8Array[] {
  const out: Uint8Array[] = [];
  while (reader.more) out.push(reader.fixed(length));
  return out;
}

/** `blob_versioned_hashes`, the eleventh field. */
function namedHashes(bare: Uint8Array): readonly Uint8Array[] {
  const reader = RlpReader.list(bare.subarray(1));
  for (let field = 0; field < 10; field++) reader.raw();
  return readAll(reader.list(), 32);
}
