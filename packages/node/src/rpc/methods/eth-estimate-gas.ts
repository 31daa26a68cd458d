import { parseBlockOverride } from "../block-override.ts";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { callError, checkChain, executionUnits } from "../call-outcome.ts";
import { parseCall } from "../call-request.ts";
import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";
import { parseStateOverrides } from "../state-override.ts";

/** Times that a search for the least gas limit executes the call, about. */
const EXECUTIONS = 5;

/** The least gas limit with which a transaction succeeds. */
export const ethEstimateGas: Method = {
  name: "eth_estimateGas",
  async run(params, context) {
    const call = params.next(parseCall);
    const id = params.nextOr(parseBlockParam, "latest");
    const state = params.nextOr(parseStateOverrides, []);
    const block = params.nextOr(parseBlockOverride, {});
    params.end();
    checkChain(call, context.chain);
    const { number } = requireBlock(context.chain, id).header;
    const result = await context.chain.estimateGas(call.request, number, { state, block });
    if (result.kind === "invalid") throw callError(result);
    context.charge(EXECUTIONS * executionUnits(result.kind === "success" ? result.gas : result.gasUsed));
    if (result.kind !== "success") throw callError(result);
    return quantity(result.gas);
  },
};
