import { type BlockId, ChainError, type ChainReader, type LocatedLog } from "@tributary/chain";
import { FoundLogs } from "@tributary/chain/chain/log-search";
import { findBlock } from "./block-param.ts";
import { quantity } from "./hex.ts";
import { MAX_LOG_RANGE } from "./limits.ts";
import type { LogMatch, LogQuery } from "./log-filter.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Blocks whose blooms are looked at for one unit of budget. */
const BLOCKS_PER_UNIT = 20;
/** Advice where one block alone holds more than an answer takes. */
const NARROWER = "name addresses or topics, the block alone holds more";

/** Answers a log query; every refusal names what would be allowed. */
export async function queryLogs(
  chain: ChainReader,
  query: LogQuery,
  charge: (units: number) => void,
): Promise<readonly LocatedLog[]> {
  if (query.range.kind === "block") {
    const logs = chain.logsOfBlock(query.range.hash, query);
    if (logs === undefined) throw new RpcError(RPC_CODE.server, "unknown block");
    return oneAnswer(logs, NARROWER);
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
  const advice = blocks === 1 ? NARROWER : `try ${range(from, from + Math.floor((blocks - 1) / 2))}`;
  try {
    return await chain.logs({ ...query, fromBlock: from, toBlock: to });
  } catch (error) {
    throw refusal(error, advice);
  }
}

/** The logs, where one answer takes them; a refusal with the advice otherwise. */
export function oneAnswer(logs: readonly LocatedLog[], advice: string): readonly LocatedLog[] {
  try {
    new FoundLogs().add(logs);
    return logs;
  } catch (error) {
    throw refusal(error, advice);
  }
}

/**
 * Logs from block `from` on, as far as the limits of one answer allow: the blocks covered, and their logs. Those of one
 * block are given whole, however many they are.
 */
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
      if (!isLimit(error)) throw error;
      to = from + Math.floor((to - from) / 2);
    }
  }
  return { logs: chain.logsOfBlock(from, match) ?? [], next: from + 1 };
}

function boundNumber(chain: ChainReader, id: BlockId | undefined): number {
  if (typeof id === "number") return id;
  return chain.block(id ?? "latest")?.header.number ?? chain.head.header.number;
}

function refusal(error: unknown, advice: string): unknown {
  if (!isLimit(error)) return error;
  return new RpcError(RPC_CODE.limitExceeded, `${error.message}: ${advice}`);
}

function isLimit(error: unknown): error is ChainError {
  return error instanceof ChainError && error.code === "limit-exceeded";
}

function range(from: number, to: number): string {
  return `[${quantity(from)}, ${quantity(to)}]`;
}
