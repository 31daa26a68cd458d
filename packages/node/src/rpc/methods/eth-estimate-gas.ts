import { parseBlockOverride } from "../block-override.ts";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { callError, checkChain, elapsedUnits } from "../call-outcome.ts";
import { parseCall } from "../call-request.ts";
import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";
import { parseStateOverrides } from "../state-override.ts";

/** Times that a search for the least gas limit executes the call, about. */
const EXECUTIONS = 5;

/** The least gas limit with which a transaction succeeds: on a rented chain's newest state, in the block after it. */
export const ethEstimateGas: Method = {
  name: "eth_estimateGas",
  async run(params, context) {
    const call = params.next(parseCall);
    const id = params.nextOr(parseBlockParam, "latest");
    const state = params.nextOr(parseStateOverrides, []);
    const block = params.nextOr(parseBlockOverride, {});
    params.end();
    checkChain(call, context.chain);
    const { header } = requireBlock(context.chain, id);
    // Users act as soon as a block is there, so that much is cheap in that very block which is not in the next.
    const isNext = context.chain.ethereum === undefined && (id === "latest" || id === "pending");
    const place = isNext ? { number: header.number + 1, timestamp: header.timestamp + 1, ...block } : block;
    const startedAt = performance.now();
    const result = await context.chain.estimateGas(call.request, header.number, { state, block: place });
    if (result.kind === "invalid") throw callError(result);
    const gas = result.kind === "success" ? result.gas : result.gasUsed;
    context.charge(elapsedUnits(gas, EXECUTIONS, startedAt));
    if (result.kind !== "success") throw callError(result);
    return quantity(result.gas);
  },
};
