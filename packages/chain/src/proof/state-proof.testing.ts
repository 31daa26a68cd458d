import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { CONTAINER_VERSION, containerHash, encodeContainerHeader } from "@tributary/protocol/container/codec";
import { segmentBranch, segmentsRoot } from "@tributary/protocol/container/container-body";
import { BlsSecretKey } from "@tributary/protocol/crypto/bls";
import { finalDigest } from "@tributary/protocol/wire/digests";
import type { Block } from "../block/block.ts";
import { encodeHeader } from "../block/header-codec.ts";
import type { StateProof } from "./state-proof.ts";
import type { TrustedEra } from "./verify-state-proof.ts";

const word = (byte: number): HexHash => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;

/** A group whose key is known, and what verifiers have of it. */
export const group: HexHash = word(0x11);
export const groupSecret: BlsSecretKey = secretOf(7);

function secretOf(byte: number): BlsSecretKey {
  const key = BlsSecretKey.fromBytes(new Uint8Array(32).fill(byte, 31));
  if (key === undefined) throw new Error("a small number is a secret key");
  return key;
}

export function trustedEra(chainId: bigint): TrustedEra {
  return { chainId, group, era: 2, firstHeight: 1, groupKey: groupSecret.publicKey.bytes };
}

/** The block in a container that the group certified. */
export function certified(block: Block, chainId: bigint): Omit<StateProof, "buckets"> {
  const { number } = block.header;
  const segments = [
    { chainId: 1n, blockNumber: 5, blockHash: word(9) },
    { chainId, blockNumber: number, blockHash: toHex(block.hash) },
    { chainId: 2n ** 60n, blockNumber: 6, blockHash: word(8) },
  ];
  const header = {
    version: CONTAINER_VERSION,
    rules: 1,
    group,
    ...{ era: 2, epoch: 3, height: number, committee: word(2), parent: word(3), order: word(4), beacon: word(5) },
    ...{ time: 1_700_000_000_000, mainchainNumber: 77, mainchainHash: word(6), bodyRoot: word(7) },
    segmentsRoot: segmentsRoot(segments),
  };
  const { era, epoch, height } = header;
  return {
    container: encodeContainerHeader(header),
    certificateEra: era,
    certificate: groupSecret.sign(finalDigest({ group, era, epoch, height }, containerHash(header))),
    branch: segmentBranch(segments, 1),
    header: encodeHeader(block.header),
  };
}
