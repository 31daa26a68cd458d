import type { ChainReader } from "@tributary/chain";
import { data, parseAddress, quantity } from "../hex.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/** Blocks behind the head: one that every member has by now, so that all of them take a proof for it. */
const ANCHOR_DEPTH = 2;

/**
 * What a transaction needs that nobody pays for: whether there is room without history on this chain, the hashes for
 * each gas of its limit that a proof of work must show here now, and the block to mine for. With an address, also
 * whether it has history here, the gas that it used of late beyond its credit, and the priority that it bought.
 */
export const tributaryGetGasless: Method = {
  name: "tributary_getGasless",
  run(params, context) {
    const address = params.nextOr(parseAddress, undefined);
    params.end();
    const { chain } = context;
    const offered = chain.gaslessTerms();
    if (offered === undefined) throw new RpcError(RPC_CODE.notSupported, "gas is paid for on this chain");
    const { hashesPerGas, proofSeconds, room } = offered;
    const anchor = anchorOf(chain, proofSeconds);
    const terms = {
      ...{ hashesPerGas, proofSeconds, room },
      ...{ blockNumber: quantity(anchor.header.number), blockHash: data(anchor.hash) },
    };
    if (address === undefined) return terms;
    const { history, debt, priority } = chain.standing(address);
    const bought =
      priority === undefined
        ? {}
        : { priority: { gasPerSecond: quantity(priority.rate), gasLeft: quantity(Math.floor(priority.left)) } };
    return { ...terms, history, debt: quantity(Math.ceil(debt)), ...bought };
  },
};

/** A block that still counts as recent when the work is done. */
function anchorOf(chain: ChainReader, proofSeconds: number): ChainReader["head"] {
  const { head } = chain;
  const block = chain.block(Math.max(0, head.header.number - ANCHOR_DEPTH));
  const old = block === undefined || head.header.timestamp - block.header.timestamp > proofSeconds / 2;
  return old ? head : block;
}
