import { segmentBranch } from "@tributary/protocol/container/container-body";
import { decode, type Limits } from "@tributary/protocol/wire/index";
import type { ContainerStore } from "../consensus/ports.ts";
import type { FinalityProof } from "../rpc/backend.ts";

/** Hash of the chain's own block at a number, as its segment names it, and the height of its container. */
export type BlockAt = (blockNumber: number) => { readonly hash: `0x${string}`; readonly height: number } | undefined;

/** Finality of the blocks of a rented chain, out of the container store. */
export function finalityOf(
  store: ContainerStore,
  limits: Limits,
  chainId: bigint,
  blockAt: BlockAt,
  blockNumber: number,
): FinalityProof | undefined {
  const block = blockNumber === 0 ? undefined : blockAt(blockNumber);
  const bytes = block === undefined ? undefined : store.container(block.height);
  const message = bytes === undefined ? undefined : decode(bytes, limits);
  if (block === undefined || message?.kind !== "container") return undefined;
  const { header, certificate, certificateEra } = message;
  const branch = segmentBranch([{ chainId, blockNumber, blockHash: block.hash }], 0);
  const orderBytes = store.order(block.height);
  const order = orderBytes === undefined ? undefined : decode(orderBytes, limits);
  const proof = { header, certificate, certificateEra, branch };
  return order?.kind === "order" ? { ...proof, orderCertificate: order.certificate } : proof;
}
