import { toHex } from "@tributary/protocol/bytes/hex";
import { containerHash, decodeContainerHeader } from "@tributary/protocol/container/codec";
import { verifySegment } from "@tributary/protocol/container/container-body";
import { verifyMerkleBranch } from "@tributary/protocol/container/merkle";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { finalDigest } from "@tributary/protocol/wire/digests";
import type { BlockHeader } from "../block/block.ts";
import { decodeHeader } from "../block/header-codec.ts";
import { BucketReader, EntryReader } from "../snapshot/bucket-bytes.ts";
import { decodeAccount, EMPTY_CODE_HASH, type FlatAccount } from "../state/account.ts";
import { BUCKETS, bucketOf } from "../state/bucket-set.ts";
import { accountKey, storageKey } from "../state/flat-key.ts";
import { fromKey, toKey } from "../store/key.ts";
import type { BucketProof, StateProof } from "./state-proof.ts";

/** What a verifier has from the mainchain, by the contract `Eras`; the caller chose the era by the certificate's. */
export type TrustedEra = {
  readonly chainId: bigint;
  /** 32 bytes hex. */
  readonly group: `0x${string}`;
  readonly era: number;
  readonly firstHeight: number;
  /** Absent while the era is open. */
  readonly lastHeight?: number;
  /** 48 bytes, compressed. */
  readonly groupKey: Uint8Array;
};

export type StateProofFault =
  | "container"
  | "other-chain"
  | "other-era"
  | "height-outside-era"
  | "certificate"
  | "block"
  | "bucket";

export type StateProofVerdict =
  | { readonly ok: true; readonly state: ProvenState }
  | { readonly ok: false; readonly fault: StateProofFault };

const NO_ACCOUNT: FlatAccount = { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH };

/**
 * Judges a hostile proof by nothing but the era's key: no store, no network, no clock. Takes 1.5 ms for the certificate
 * and 8 us for each entry of the buckets; bound the proof's bytes before.
 */
export function verifyStateProof(proof: StateProof, era: TrustedEra): StateProofVerdict {
  const refused = (fault: StateProofFault): StateProofVerdict => ({ ok: false, fault });
  const header = decodeContainerHeader(proof.container);
  if (header === undefined) return refused("container");
  if (header.group !== era.group) return refused("other-chain");
  if (proof.certificateEra !== era.era) return refused("other-era");
  const { height } = header;
  if (height < era.firstHeight || (era.lastHeight !== undefined && height > era.lastHeight)) {
    return refused("height-outside-era");
  }
  const signed = finalDigest({ group: era.group, era: era.era, epoch: header.epoch, height }, containerHash(header));
  const key = BlsPublicKey.fromBytes(era.groupKey);
  if (key === undefined || !key.verify(signed, proof.certificate)) return refused("certificate");
  const block = decodeHeader(proof.header);
  if (block === undefined) return refused("block");
  const segment = {
    chainId: era.chainId,
    blockNumber: block.number,
    blockHash: toHex(keccak256(proof.header)),
  };
  if (!verifySegment(header.segmentsRoot, segment, proof.branch)) return refused("block");
  const values = new Map<string, Uint8Array>();
  const shown = new Set<number>();
  for (const bucket of proof.buckets) {
    if (shown.has(bucket.bucket) || !readBucket(bucket, block.stateRoot, values)) return refused("bucket");
    shown.add(bucket.bucket);
  }
  return { ok: true, state: new ProvenState(block, values, shown) };
}

/** Whether the bucket is the state's; its entries go to `values`. */
function readBucket(proof: BucketProof, stateRoot: Uint8Array, values: Map<string, Uint8Array>): boolean {
  const { bucket, entries, siblings } = proof;
  const reader = new BucketReader(bucket);
  const digest = reader.push(entries) ? reader.digest() : undefined;
  if (digest === undefined) return false;
  if (!verifyMerkleBranch(stateRoot, digest, { index: bucket, count: BUCKETS, siblings })) return false;
  readEntries(entries, values);
  return true;
}

function readEntries(entries: Uint8Array, into: Map<string, Uint8Array>): void {
  new EntryReader().push(entries, (key, value) => into.set(toKey(key), value.slice()));
}

/** State after one certified block, as far as it was proven. What is absent from a proven bucket is proven to be absent. */
export class ProvenState {
  readonly block: BlockHeader;
  readonly #values: ReadonlyMap<string, Uint8Array>;
  readonly #buckets: ReadonlySet<number>;

  constructor(block: BlockHeader, values: ReadonlyMap<string, Uint8Array>, buckets: ReadonlySet<number>) {
    this.block = block;
    this.#values = values;
    this.#buckets = buckets;
  }

  /** Reads a proof without checking it: one's own. Undefined where its header does not decode. */
  static read({ header, buckets }: Pick<StateProof, "header" | "buckets">): ProvenState | undefined {
    const block = decodeHeader(header);
    if (block === undefined) return undefined;
    const values = new Map<string, Uint8Array>();
    for (const { entries } of buckets) readEntries(entries, values);
    return new ProvenState(block, values, new Set(buckets.map(({ bucket }) => bucket)));
  }

  /** Of 20 bytes; undefined where the proof does not say. */
  account(address: Uint8Array): FlatAccount | undefined {
    const value = this.#get(accountKey(address));
    if (value === undefined) return undefined;
    return value.length === 0 ? NO_ACCOUNT : decodeAccount(value);
  }

  /** 32 bytes; undefined where the proof does not say. */
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const value = this.#get(storageKey(address, slot));
    if (value === undefined) return undefined;
    const word = new Uint8Array(32);
    word.set(value, 32 - value.length);
    return word;
  }

  /** Empty where the state has no such entry. */
  #get(key: string): Uint8Array | undefined {
    if (!this.#buckets.has(bucketOf(fromKey(key)))) return undefined;
    return this.#values.get(key) ?? new Uint8Array(0);
  }
}
