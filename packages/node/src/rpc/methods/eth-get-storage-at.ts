import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data, parseAddress, parseSlot } from "../hex.ts";
import type { Method } from "../method.ts";

export const ethGetStorageAt: Method = {
  name: "eth_getStorageAt",
  run(params, context) {
    const address = params.next(parseAddress);
    const slot = params.next(parseSlot);
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    const { chain } = context;
    return data(chain.storage(address, slot, requireBlock(chain, id).header.number));
  },
};
