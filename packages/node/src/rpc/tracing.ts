import type { EthereumBlock } from "@tributary/chain";
import { makeTracer, type ResultTracer, type TraceOptions, type TraceResult } from "@tributary/evm";
import { boundedTracer } from "./bounded-tracer.ts";
import { executionUnits } from "./call-outcome.ts";
import { data } from "./hex.ts";
import { MAX_TRACE_BYTES, MAX_TRACE_STALL_MS } from "./limits.ts";
import type { MethodContext } from "./method.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";
import type { TraceRequest } from "./trace-options.ts";

/** How much longer gas takes where each instruction is written down; what the other tracers take, execution's units cover. */
const STRUCT_LOG_FACTOR = 4;
/** Bytes of a trace that are written in one unit of budget. */
const BYTES_PER_UNIT = 8_192;

/** Units of budget for executing `gas` under the tracer that the options name. */
export function tracingUnits(gas: bigint, { tracer = "" }: TraceOptions): number {
  return (tracer === "" ? STRUCT_LOG_FACTOR : 1) * executionUnits(gas);
}

/** One transaction's trace in a block's. */
export type BlockTrace = { readonly txHash: string; readonly result: TraceResult };

/** The block, which must be one that was executed. */
export function requireTraceable(block: EthereumBlock | undefined, name: string): EthereumBlock {
  if (block === undefined) throw new RpcError(RPC_CODE.server, `block ${name} not found`);
  if (block.header.number === 0) throw new RpcError(RPC_CODE.server, "genesis is not traceable");
  return block;
}

/**
 * Traces a block's transactions, or the one at index `only`, by executing the block again. ChainError where the state
 * before it is not held any more.
 */
export async function traceBlock(
  context: MethodContext,
  block: EthereumBlock,
  { options, timeout }: TraceRequest,
  only?: number,
): Promise<readonly BlockTrace[]> {
  const { chain } = context;
  const deadline = performance.now() + timeout;
  context.charge(executionUnits(BigInt(block.header.gasUsed)));
  const traces: BlockTrace[] = [];
  let running: { readonly hash: Uint8Array; readonly tracer: ResultTracer } | undefined;
  let bytesLeft = MAX_TRACE_BYTES;
  const conclude = (): void => {
    if (running === undefined) return;
    const result = running.tracer.result();
    const bytes = JSON.stringify(result).length;
    bytesLeft -= bytes;
    if (bytesLeft < 0) throw new RpcError(RPC_CODE.tooLarge, "response too large: the traces of this block");
    context.charge(bytes / BYTES_PER_UNIT);
    traces.push({ txHash: data(running.hash), result });
    running = undefined;
  };
  const receipts = chain.receipts(block.header.number) ?? [];
  const count = only === undefined ? block.transactions.length : only + 1;
  await chain.replay(block.header.number, count, ({ hash }, index) => {
    conclude();
    const now = performance.now();
    if (now > deadline) throw new RpcError(RPC_CODE.server, "execution timeout");
    if (only !== undefined && index !== only) return undefined;
    const receipt = receipts[index];
    context.charge(tracingUnits(BigInt(receipt?.receipt.gasUsed ?? 0), options));
    const firstLogIndex = receipt?.firstLogIndex ?? 0;
    const tracerConfig = { ...options.tracerConfig, firstLogIndex };
    const tracer = makeTracer({ ...options, tracerConfig, maxBytes: bytesLeft });
    running = { hash, tracer };
    return boundedTracer(tracer, Math.min(deadline, now + MAX_TRACE_STALL_MS), () => performance.now());
  });
  conclude();
  return traces;
}
