import { parseBlockOverride } from "../block-override.ts";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { callError, checkChain, elapsedUnits } from "../call-outcome.ts";
import { parseCall } from "../call-request.ts";
import { data } from "../hex.ts";
import type { Method } from "../method.ts";
import { parseStateOverrides } from "../state-override.ts";

/** Executes a call on a block's state and gives what it returns. */
export const ethCall: Method = {
  name: "eth_call",
  async run(params, context) {
    const call = params.next(parseCall);
    const id = params.nextOr(parseBlockParam, "latest");
    const state = params.nextOr(parseStateOverrides, []);
    const block = params.nextOr(parseBlockOverride, {});
    params.end();
    checkChain(call, context.chain);
    const { number } = requireBlock(context.chain, id).header;
    const startedAt = performance.now();
    const result = await context.chain.call(call.request, number, { state, block });
    if (result.kind === "invalid") throw callError(result);
    context.charge(elapsedUnits(result.gasUsed, 1, startedAt));
    if (result.kind !== "success") throw callError(result);
    return data(result.data);
  },
};
