import { containerHash, encodeContainerHeader } from "@tributary/protocol/container/codec";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data } from "../hex.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/**
 * What an outsider needs to check a block against the group key in the manager contract: the container header (fields
 * and encoding), its certificate, and the block's branch to the header's segmentsRoot.
 */
export const tributaryGetFinality: Method = {
  name: "tributary_getFinality",
  async run(params, context) {
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    const block = requireBlock(context.chain, id);
    const proof = await context.member.finality(block.header.number);
    if (proof === undefined) {
      throw new RpcError(
        RPC_CODE.notFound,
        block.header.number === 0
          ? "the genesis block has no certificate: it follows from the creation event"
          : `the certificate of block ${block.header.number} is not kept here`,
      );
    }
    const { header, certificate, certificateEra, branch, orderCertificate } = proof;
    return {
      chainId: context.chain.chainId.toString(),
      blockNumber: block.header.number,
      blockHash: data(block.hash),
      group: header.group,
      era: header.era,
      certificateEra: certificateEra ?? header.era,
      epoch: header.epoch,
      height: header.height,
      header,
      headerEncoded: data(encodeContainerHeader(header)),
      headerHash: containerHash(header),
      certificate: data(certificate),
      branch: { index: branch.index, count: branch.count, siblings: branch.siblings.map(data) },
      order: header.order,
      beacon: header.beacon,
      orderCertificate: orderCertificate === undefined ? null : data(orderCertificate),
    };
  },
};
