// Certificates as members of an epoch make them, by the shares in their keystores.

import type { FileVault } from "@tributary/node/vault/file-vault";
import { fromHex } from "@tributary/protocol/bytes/index";
import { Writer } from "@tributary/protocol/bytes/writer";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { containerHash, encodeContainerHeader } from "@tributary/protocol/container/codec";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { type SignatureShare, ThresholdKey } from "@tributary/protocol/crypto/threshold";
import type { GroupKeys } from "@tributary/protocol/keygen/group-keys";
import type { FinalClaim, OrderClaim } from "@tributary/protocol/ports/recovery-host";
import { quorum } from "@tributary/protocol/quorum";
import { finalDigest, orderDigest } from "@tributary/protocol/wire/digests";

export type Epoch = {
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly keys: GroupKeys;
  /** By seat. */
  readonly vaults: readonly FileVault[];
};

const hash = (byte: number): HexHash => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;

/** The group's signature by its first q members. */
function signed({ group, era, epoch, keys, vaults }: Epoch, digest: Uint8Array): Uint8Array {
  const needed = quorum(vaults.length);
  const shares: SignatureShare[] = [];
  for (const [seat, vault] of vaults.slice(0, needed).entries()) {
    const { share } = vault.keys({ group, era, epoch }, seat, keys.shareKeys[seat] as Uint8Array);
    shares.push({ seat, share: share(digest) });
  }
  const shareKeys = keys.shareKeys.map((key) => BlsPublicKey.fromBytes(key) as BlsPublicKey);
  const key = new ThresholdKey(BlsPublicKey.fromBytes(keys.groupKey) as BlsPublicKey, shareKeys, needed);
  const combined = key.combine(digest, shares);
  if (!("signature" in combined)) throw new Error(`bad shares of ${combined.faulty}`);
  return combined.signature;
}

/** O over an order of two proposals. */
export function ordered(epoch: Epoch, height: number): OrderClaim & { readonly digest: HexHash } {
  const slot = { group: epoch.group, era: epoch.era, epoch: epoch.epoch, height };
  const accepted = [0, 2].map((seat) => ({ seat, proposal: { digest: hash(height + seat) } }));
  const digest = orderDigest(slot, hash(height - 1), accepted);
  const writer = new Writer().bytes(fromHex(hash(height - 1)) as Uint8Array).u16(accepted.length);
  for (const { seat, proposal } of accepted) writer.u16(seat).bytes(fromHex(proposal.digest) as Uint8Array);
  const certificate = signed(epoch, fromHex(digest) as Uint8Array);
  return { height, era: epoch.era, epoch: epoch.epoch, content: writer.finish(), certificate, digest };
}

/** F over a container. */
export function final(epoch: Epoch, height: number): FinalClaim & { readonly hash: HexHash; readonly order: HexHash } {
  const slot = { group: epoch.group, era: epoch.era, epoch: epoch.epoch, height };
  const order = ordered(epoch, height).digest;
  const header = {
    version: 1,
    rules: 1,
    ...slot,
    committee: hash(1),
    parent: hash(2),
    order,
    beacon: hash(3),
    time: 1_800_000_000_000 + height,
    mainchainNumber: 5,
    mainchainHash: hash(4),
    bodyRoot: hash(5),
    segmentsRoot: hash(6),
  };
  const container = encodeContainerHeader(header);
  const certificate = signed(epoch, finalDigest(slot, containerHash(header)));
  return { height, era: epoch.era, container, certificate, hash: containerHash(header), order };
}
