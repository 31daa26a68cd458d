import type { Tracer } from "@tributary/evm";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { boundedTracer } from "../bounded-tracer.ts";
import { checkBlobs, executionUnits } from "../call-outcome.ts";
import { MAX_CALL_GAS, MAX_SIMULATION_MS, MAX_TRACE_STALL_MS } from "../limits.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { simulatedBlockShape } from "../shape/simulated-block.ts";
import { parseSimulationRequest } from "../simulation-request.ts";

/** Units of budget for a block beside its calls: two calls of the protocol, tries, hashes. */
const UNITS_PER_BLOCK = 4;

/** Executes blocks that nobody made, one on the other, and shows them as if they had been. */
export const ethSimulateV1: Method = {
  name: "eth_simulateV1",
  async run(params, context) {
    const { plans, fullTransactions, validation, traceTransfers } = params.next(parseSimulationRequest);
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    for (const { calls } of plans) for (const call of calls) checkBlobs(call, context.chain);
    const { number } = requireBlock(context.chain, id).header;
    const deadline = performance.now() + MAX_SIMULATION_MS;
    const check = (): void => {
      if (performance.now() > deadline) throw new RpcError(RPC_CODE.timeout, "execution aborted (timeout)");
    };
    const now = (): number => performance.now();
    const bounded = (tracer: Tracer): Tracer => boundedTracer(tracer, now() + MAX_TRACE_STALL_MS, now);
    const options = { validation, traceTransfers, gas: MAX_CALL_GAS, check, bounded };
    const simulated = await context.chain.simulate(number, plans, options);
    for (const { block } of simulated) {
      context.charge(UNITS_PER_BLOCK + executionUnits(BigInt(block.header.gasUsed)));
    }
    return simulated.map((one) => simulatedBlockShape(one, fullTransactions));
  },
};
