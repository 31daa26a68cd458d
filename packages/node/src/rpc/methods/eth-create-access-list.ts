import type { AccessListItem, CallResult } from "@tributary/chain";
import { createAddress } from "@tributary/chain/transaction/recover";
import { activePrecompiles } from "@tributary/evm";
import { AccessListTracer } from "../access-list-tracer.ts";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { boundedTracer } from "../bounded-tracer.ts";
import { callError, checkChain, elapsedUnits } from "../call-outcome.ts";
import { type ParsedCall, parseCall } from "../call-request.ts";
import { data, quantity } from "../hex.ts";
import { MAX_TRACE_STALL_MS } from "../limits.ts";
import type { Method, MethodContext } from "../method.ts";
import { accessListShape } from "../shape/transaction.ts";
import { parseStateOverrides } from "../state-override.ts";

/** Executions after which the list is taken as it is. Most calls need two. */
const MAX_EXECUTIONS = 8;
const ZERO_ADDRESS = new Uint8Array(20);

/** The accounts and slots that a call touches, and the gas that it needs when it names them. */
export const ethCreateAccessList: Method = {
  name: "eth_createAccessList",
  async run(params, context) {
    const call = params.next(parseCall);
    const id = params.nextOr(parseBlockParam, "latest");
    const state = params.nextOr(parseStateOverrides, []);
    params.end();
    checkChain(call, context.chain);
    const { number } = requireBlock(context.chain, id).header;
    const excluded = warmAccounts(call, context, number);
    const now = (): number => performance.now();
    const deadline = now() + MAX_TRACE_STALL_MS;
    let given: readonly AccessListItem[] = call.request.accessList ?? [];
    let size = -1;
    for (let execution = 1; ; execution++) {
      const tracer = new AccessListTracer(given, excluded);
      const request = { ...call.request, accessList: given };
      const startedAt = now();
      const result = await context.chain.call(request, number, { state }, boundedTracer(tracer, deadline, now));
      if (result.kind === "invalid") throw callError(result);
      context.charge(elapsedUnits(result.gasUsed, 1, startedAt));
      // What is warm costs less gas, so that a call may come further than it came before.
      if (tracer.size === size || execution === MAX_EXECUTIONS) return answer(given, result);
      size = tracer.size;
      given = tracer.list();
    }
  },
};

function answer(list: readonly AccessListItem[], result: Exclude<CallResult, { readonly kind: "invalid" }>): unknown {
  return {
    accessList: list.map(accessListShape),
    ...(result.kind === "success" ? {} : { error: callError(result).message }),
    gasUsed: quantity(result.gasUsed),
  };
}

/** Sender, target and precompiles: warm in every transaction, so that naming them would only cost gas. */
function warmAccounts({ request }: ParsedCall, { chain }: MethodContext, number: number): ReadonlySet<string> {
  const sender = request.from ?? ZERO_ADDRESS;
  const target = request.to ?? createAddress(sender, chain.nonce(sender, number));
  const precompiles = activePrecompiles(chain.rules().current.fork ?? "prague").map((precompile) =>
    precompile.toString(16).padStart(40, "0"),
  );
  return new Set([data(sender).slice(2), data(target).slice(2), ...precompiles]);
}
