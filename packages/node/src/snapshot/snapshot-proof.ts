import type { Manifest } from "@tributary/chain/snapshot/manifest";
import { toHex } from "@tributary/protocol/bytes/hex";
import { Reader } from "@tributary/protocol/bytes/reader";
import { Writer } from "@tributary/protocol/bytes/writer";
import { containerHash } from "@tributary/protocol/container/codec";
import { bodyRoot, decodeContainerBody, segmentsRoot } from "@tributary/protocol/container/container-body";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import {
  type ContainerMessage,
  decode,
  finalDigest,
  hashBytes,
  type Limits,
  type OrderMessage,
  orderDigest,
} from "@tributary/protocol/wire/index";
import type { ContainerStore, Verifier } from "../consensus/ports.ts";

// A snapshot's proof: u32 length ‖ CONTAINER with F ‖ ORDER of the block's height, or nothing where it is not held.

type Proof = {
  readonly container: ContainerMessage;
  readonly containerBytes: Uint8Array;
  readonly order: OrderMessage | undefined;
  readonly orderBytes: Uint8Array;
};

/** Undefined where the container is not held. */
export function proofOf(store: ContainerStore, height: number): Uint8Array | undefined {
  const container = store.container(height);
  if (container === undefined) return undefined;
  const order = store.order(height) ?? new Uint8Array(0);
  return new Writer(container.length + order.length + 4).u32(container.length).bytes(container).bytes(order).finish();
}

/** What the mainchain knows of a chain's eras: epochs under an era's key, and who checks signatures by it. */
export type KnownEras = {
  readonly epochs: (era: number) => ReadonlySet<number>;
  readonly verifierOf: (era: number) => Verifier | undefined;
  /** The highest height that an era's certificates count for: infinite for the one in charge. */
  readonly lastHeight: (era: number) => number;
};

/**
 * Calls back whether the manifest's block is in a final container of this chain, by every hash and signature, of the era
 * of `spec` or a later one.
 */
export function verifyProof(
  manifest: Manifest,
  spec: Pick<MemberSpec, "chainId" | "group" | "era">,
  eras: KnownEras,
  limits: Limits,
  done: (ok: boolean) => void,
): void {
  const proof = decodeProof(manifest.proof, limits);
  const block = manifest.record.block;
  const verifier = proof === undefined ? undefined : eras.verifierOf(proof.container.certificateEra);
  if (
    proof === undefined ||
    verifier === undefined ||
    !eras.epochs(proof.container.header.era).has(proof.container.header.epoch) ||
    block.header.number > eras.lastHeight(proof.container.certificateEra) ||
    !isOf(proof, spec, block.header.number, toHex(block.hash))
  ) {
    done(false);
    return;
  }
  const { group, era, epoch, height } = proof.container.header;
  const slot = { group, era, epoch, height };
  verifier.certificate(finalDigest(slot, containerHash(proof.container.header)), proof.container.certificate, (ok) => {
    if (!ok || proof.order === undefined) done(ok);
    else verifier.certificate(hashBytes(proof.container.header.order), proof.order.certificate, done);
  });
}

/** The container that a chain from a snapshot begins with goes into the store, where it is not yet. Calls back when it is durable. */
export function adoptProof(bytes: Uint8Array, limits: Limits, store: ContainerStore, done: () => void): void {
  const proof = decodeProof(bytes, limits);
  if (proof === undefined) throw new Error("a verified proof decodes");
  const { height } = proof.container.header;
  if (store.container(height) === undefined) {
    if (proof.order !== undefined) store.putOrder(height, proof.orderBytes);
    store.putContainer(height, proof.containerBytes);
  }
  store.flush(done);
}

function decodeProof(bytes: Uint8Array, limits: Limits): Proof | undefined {
  const reader = new Reader(bytes);
  const containerBytes = reader.bytes(reader.u32());
  const orderBytes = reader.bytes(reader.remaining);
  const container = reader.complete ? decode(containerBytes, limits) : undefined;
  const order = orderBytes.length === 0 ? undefined : decode(orderBytes, limits);
  if (container?.kind !== "container" || (order !== undefined && order.kind !== "order")) return undefined;
  if (order === undefined && orderBytes.length > 0) return undefined;
  return { container, containerBytes, order, orderBytes };
}

function isOf(
  { container, order }: Proof,
  spec: Pick<MemberSpec, "chainId" | "group" | "era">,
  height: number,
  blockHash: `0x${string}`,
): boolean {
  const { header, certificateEra } = container;
  const { chainId, group } = spec;
  const { era, epoch } = header;
  const body = decodeContainerBody(container.body);
  // A height that a Recovery had certified again is not taken: its order is under another key.
  if (header.group !== group || era < spec.era || certificateEra !== era) return false;
  if (header.height !== height || body === undefined || bodyRoot(body) !== header.bodyRoot) return false;
  if (segmentsRoot([{ chainId, blockNumber: height, blockHash }]) !== header.segmentsRoot) return false;
  if (order === undefined) return true;
  return (
    orderDigest({ group, era, epoch, height: order.height }, order.previous, order.accepted) === header.order &&
    order.height === height
  );
}
