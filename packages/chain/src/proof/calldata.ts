import { toHex } from "@tributary/protocol/bytes/hex";
import { publicKeyToEip2537, signatureToEip2537 } from "@tributary/protocol/crypto/eip2537";
import type { BucketProof, StateProof } from "./state-proof.ts";

type Hex = `0x${string}`;

/** IStateProofs.Certified. */
export type CertifiedCalldata = {
  readonly container: Hex;
  readonly certificateEra: number;
  readonly groupKey: Hex;
  readonly certificate: Hex;
  readonly index: number;
  readonly count: number;
  readonly siblings: readonly Hex[];
  readonly header: Hex;
};

/** IStateProofs.Bucket. */
export type BucketCalldata = { readonly bucket: number; readonly entries: Hex; readonly siblings: readonly Hex[] };

/** A proof as the contract `StateProofs` takes it; undefined where key or certificate are no points. */
export function certifiedCalldata(proof: StateProof, groupKey: Uint8Array): CertifiedCalldata | undefined {
  const key = publicKeyToEip2537(groupKey);
  const certificate = signatureToEip2537(proof.certificate);
  if (key === undefined || certificate === undefined) return undefined;
  return {
    container: toHex(proof.container),
    certificateEra: proof.certificateEra,
    groupKey: toHex(key),
    certificate: toHex(certificate),
    index: proof.branch.index,
    count: proof.branch.count,
    siblings: proof.branch.siblings.map(toHex),
    header: toHex(proof.header),
  };
}

export function bucketCalldata({ bucket, entries, siblings }: BucketProof): BucketCalldata {
  return { bucket, entries: toHex(entries), siblings: siblings.map(toHex) };
}
