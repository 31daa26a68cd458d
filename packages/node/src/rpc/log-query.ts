import { type BlockId, ChainError, type ChainReader, type LocatedLog } from "@tributary/chain";
import { findBlock } from "./block-param.ts";
import { quantity } from "./hex.ts";
import { MAX_LOG_RANGE, MAX_LOG_RESULTS } from "./limits.ts";
import type { LogMatch, LogQuery } from "./log-filter.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Blocks whose blooms are looked at for one unit of budget. */
const BLOCKS_PER_UNIT = 20;

/** Answers a log query; every refusal names what would be allowed. */
export async function queryLogs(
  chain: ChainReader,
  query: LogQuery,
  charge: (units: number) => void,
): Promise<readonly LocatedLog[]> {
  if (query.range.kind === "block") {
    const logs = chain.logsOfBlock(query.range.hash, query);
    if (logs === undefined) throw new RpcError(RPC_CODE.server, "unknown block");
    if (logs.length > MAX_LOG_RESULTS) {
      throw tooMuch(`query returned more than ${MAX_LOG_RESULTS} results`, "the block alone holds more");
    }
    return logs;
  }
  const from = boundNumber(chain, query.range.from);
  const to = boundNumber(chain, query.range.to);
  if (from > to) throw new RpcError(RPC_CODE.invalidParams, "invalid block range params");
  if (to > chain.head.header.number) {
    throw new RpcError(RPC_CODE.invalidParams, "block range extends beyond current head block");
  }
  const blocks = to - from + 1;
  if (blocks > MAX_LOG_RANGE) {
    throw new RpcError(
      RPC_CODE.invalidParams,
      `exceed maximum block range: ${MAX_LOG_RANGE} blocks, got ${blocks}: try ${range(from, from + MAX_LOG_RANGE - 1)}`,
    );
  }
  // An answer that leaves out blocks that are no longer kept would be a wrong one.
  findBlock(chain, from);
  charge(blocks / BLOCKS_PER_UNIT);
  const halfway = from + Math.floor((blocks - 1) / 2);
  try {
    return await chain.logs({ ...query, fromBlock: from, toBlock: to });
  } catch (error) {
    if (!(error instanceof ChainError && error.code === "limit-exceeded")) throw error;
    throw tooMuch(error.message, `try ${range(from, halfway)}`);
  }
}

/** Logs from block `from` on, as far as the limits of one answer allow: the blocks covered, and their logs. */
export async function logsSince(
  chain: ChainReader,
  from: number,
  upTo: number,
  match: LogMatch,
): Promise<{ readonly logs: readonly LocatedLog[]; readonly next: number }> {
  let to = Math.min(upTo, from + MAX_LOG_RANGE - 1);
  while (to > from) {
    try {
      return { logs: await chain.logs({ ...match, fromBlock: from, toBlock: to }), next: to + 1 };
    } catch (error) {
      if (!(error instanceof ChainError && error.code === "limit-exceeded")) throw error;
      to = from + Math.floor((to - from) / 2);
    }
  }
  return { logs: chain.logsOfBlock(from, match) ?? [], next: from + 1 };
}

function boundNumber(chain: ChainReader, id: BlockId | undefined): number {
  if (typeof id === "number") return id;
  return chain.block(id ?? "latest")?.header.number ?? chain.head.header.number;
}

function tooMuch(message: string, advice: string): RpcError {
  return new RpcError(RPC_CODE.limitExceeded, `${message}: ${advice}`);
}

function range(from: number, to: number): string {
  return `[${quantity(from)}, ${quantity(to)}]`;
}
