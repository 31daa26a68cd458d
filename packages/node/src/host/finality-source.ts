import { segmentBranch } from "@tributary/protocol/container/container-body";
import { decode, type Limits } from "@tributary/protocol/wire/index";
import type { ContainerStore } from "../consensus/ports.ts";
import type { FinalityProof } from "../rpc/backend.ts";

/** Hash of the chain's own block at a number, as its segment names it. */
export type BlockHashOf = (blockNumber: number) => `0x${string}` | undefined;

/**
 * Finality of the blocks of a rented chain, out of the container store. Such a chain has one block in each container, so
 * its number is the container's height.
 */
export function finalityOf(
  store: ContainerStore,
  limits: Limits,
  chainId: bigint,
  blockHashOf: BlockHashOf,
  blockNumber: number,
): FinalityProof | undefined {
  const blockHash = blockHashOf(blockNumber);
  const bytes = blockNumber === 0 ? undefined : store.container(blockNumber);
  const message = bytes === undefined ? undefined : decode(bytes, limits);
  if (blockHash === undefined || message?.kind !== "container") return undefined;
  const { header, certificate, certificateEra } = message;
  const branch = segmentBranch([{ chainId, blockNumber, blockHash }], 0);
  const orderBytes = store.order(blockNumber);
  const order = orderBytes === undefined ? undefined : decode(orderBytes, limits);
  const proof = { header, certificate, certificateEra, branch };
  return order?.kind === "order" ? { ...proof, orderCertificate: order.certificate } : proof;
}
