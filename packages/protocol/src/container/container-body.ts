import { concat, uint } from "../bytes/bytes.ts";
import { hashBytes, readHash, writeHash } from "../bytes/fields.ts";
import { toHex } from "../bytes/hex.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import type { HexHash, Seat } from "../consensus/types.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { MAX_MEMBERS } from "../quorum.ts";
import type { OrderedTransaction, Segment } from "./header.ts";
import { type MerkleBranch, merkleBranch, merkleRoot, verifyMerkleBranch } from "./merkle.ts";

/** Who was accepted, in rank order, and all transactions with what became of them. */
export type ContainerBody = {
  readonly accepted: readonly { readonly seat: Seat; readonly digest: HexHash }[];
  readonly transactions: readonly OrderedTransaction[];
};

const marks: readonly OrderedTransaction["mark"][] = ["executed", "skipped", "left-out"];

/** u16 count, (u16 seat ‖ p) by rank, u32 count, (u8 mark, u32 length, transaction) in order. */
export function encodeContainerBody(body: ContainerBody): Uint8Array {
  const writer = new Writer(1024);
  writer.u16(body.accepted.length);
  for (const { seat, digest } of body.accepted) {
    writer.u16(seat);
    writeHash(writer, digest);
  }
  writer.u32(body.transactions.length);
  for (const { raw, mark } of body.transactions) writer.u8(marks.indexOf(mark)).sized(raw);
  return writer.finish();
}

/** Undefined where the bytes are not the one encoding of a body. Transactions are views on the bytes. */
export function decodeContainerBody(bytes: Uint8Array): ContainerBody | undefined {
  const reader = new Reader(bytes);
  const accepted: { seat: Seat; digest: HexHash }[] = [];
  const seats = reader.u16();
  const seen = new Set<Seat>();
  for (let i = 0; i < seats && reader.ok; i++) {
    const seat = reader.u16();
    if (seat >= MAX_MEMBERS || seen.has(seat)) reader.fail();
    seen.add(seat);
    accepted.push({ seat, digest: readHash(reader) });
  }
  const transactions: OrderedTransaction[] = [];
  const count = reader.u32();
  for (let i = 0; i < count && reader.ok; i++) {
    const mark = marks[reader.u8()];
    const raw = reader.sized(reader.remaining);
    if (mark === undefined) reader.fail();
    else transactions.push({ raw, mark });
  }
  return reader.complete ? { accepted, transactions } : undefined;
}

/**
 * keccak256(0x01 ‖ root of the seats ‖ root of the transactions). Leaves: u16 rank ‖ u16 seat ‖ p, and
 * u8 mark ‖ keccak256(transaction).
 */
export function bodyRoot(body: ContainerBody): HexHash {
  const seats = body.accepted.map(({ seat, digest }, rank) => concat(uint(rank, 2), uint(seat, 2), hashBytes(digest)));
  const transactions = body.transactions.map(({ raw, mark }) => concat(uint(marks.indexOf(mark), 1), keccak256(raw)));
  return toHex(keccak256(concat(Uint8Array.of(0x01), merkleRoot(seats), merkleRoot(transactions))));
}

/** u64 chain id ‖ u64 block number ‖ block hash. */
function segmentLeaf({ chainId, blockNumber, blockHash }: Segment): Uint8Array {
  return concat(uint(chainId, 8), uint(blockNumber, 8), hashBytes(blockHash));
}

/** Root over the container's blocks, one a chain, ascending by chain id. */
export function segmentsRoot(segments: readonly Segment[]): HexHash {
  for (const [index, { chainId }] of segments.entries()) {
    const before = segments[index - 1];
    if (before !== undefined && before.chainId >= chainId) throw new RangeError("segments must ascend by chain id");
  }
  return toHex(merkleRoot(segments.map(segmentLeaf)));
}

/** What shows an outsider that the block of a chain belongs to a container. */
export function segmentBranch(segments: readonly Segment[], index: number): MerkleBranch {
  return merkleBranch(segments.map(segmentLeaf), index);
}

export function verifySegment(root: HexHash, segment: Segment, branch: MerkleBranch): boolean {
  return verifyMerkleBranch(hashBytes(root), segmentLeaf(segment), branch);
}
