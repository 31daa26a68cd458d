import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { rlpEncode } from "../rlp/encode.ts";
import { RlpReader } from "../rlp/reader.ts";
import { EMPTY_TRIE_ROOT } from "../trie/ordered-root.ts";
import type { BlockHeader } from "./block.ts";
import type { EthereumHeader } from "./ethereum.ts";

/** Fields that are the same in every block of a post-merge chain without blobs, withdrawals and fees. */
export const CONSTANT_FIELDS: Pick<
  BlockHeader,
  | "ommersHash"
  | "beneficiary"
  | "difficulty"
  | "nonce"
  | "baseFeePerGas"
  | "withdrawalsRoot"
  | "blobGasUsed"
  | "excessBlobGas"
> = {
  ommersHash: keccak256(rlpEncode([])),
  beneficiary: new Uint8Array(20),
  difficulty: 0n,
  nonce: new Uint8Array(8),
  baseFeePerGas: 0n,
  withdrawalsRoot: EMPTY_TRIE_ROOT,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
};

/** Last byte of `extraData` of a block with ordinary fees. */
const ORDINARY_FEES = 1;

/**
 * `extraData`: u8 rules in force ‖ u16 milliseconds of the container's time ‖ 1 where tips are paid, so that what a
 * transaction paid can be told from it and its block.
 */
export function extraDataOf(rules: number, time: number, tips: boolean): Uint8Array {
  const milliseconds = time % 1000;
  return Uint8Array.of(rules, milliseconds >> 8, milliseconds & 0xff, ...(tips ? [ORDINARY_FEES] : []));
}

/** Whether a block of a rented chain has ordinary fees. */
export function paysTips({ extraData }: Pick<EthereumHeader, "extraData">): boolean {
  return extraData[3] === ORDINARY_FEES;
}

/** Milliseconds since 1970 of a block of a rented chain. */
export function timeOf({ timestamp, extraData }: Pick<EthereumHeader, "timestamp" | "extraData">): number {
  return timestamp * 1_000 + ((extraData[1] ?? 0) << 8) + (extraData[2] ?? 0);
}

export function encodeHeader(header: EthereumHeader): Uint8Array {
  const { baseFeePerGas, withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot, requestsHash } = header;
  const appended = [baseFeePerGas, withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot, requestsHash];
  return rlpEncode([
    header.parentHash,
    header.ommersHash,
    header.beneficiary,
    header.stateRoot,
    header.transactionsRoot,
    header.receiptsRoot,
    header.logsBloom,
    header.difficulty,
    header.number,
    header.gasLimit,
    header.gasUsed,
    header.timestamp,
    header.extraData,
    header.mixHash,
    header.nonce,
    ...appended.filter((field) => field !== undefined),
  ]);
}

export function readHeader(reader: RlpReader): BlockHeader {
  return {
    parentHash: reader.fixed(32),
    ommersHash: reader.fixed(32),
    beneficiary: reader.fixed(20),
    stateRoot: reader.fixed(32),
    transactionsRoot: reader.fixed(32),
    receiptsRoot: reader.fixed(32),
    logsBloom: reader.fixed(256),
    difficulty: reader.uint(32),
    number: reader.safe(),
    gasLimit: reader.safe(),
    gasUsed: reader.safe(),
    timestamp: reader.safe(),
    extraData: reader.bytes(32),
    mixHash: reader.fixed(32),
    nonce: reader.fixed(8),
    baseFeePerGas: reader.uint(32),
    withdrawalsRoot: reader.fixed(32),
    blobGasUsed: reader.uint(8),
    excessBlobGas: reader.uint(8),
    parentBeaconBlockRoot: reader.fixed(32),
    requestsHash: reader.fixed(32),
  };
}

/** Undefined where the bytes are not exactly one header. */
export function decodeHeader(bytes: Uint8Array): BlockHeader | undefined {
  const reader = RlpReader.list(bytes);
  const header = readHeader(reader);
  return reader.complete ? header : undefined;
}

export function headerHash(header: EthereumHeader): Uint8Array {
  return keccak256(encodeHeader(header));
}
