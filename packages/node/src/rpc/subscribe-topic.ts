import type { BlockId, ChainReader } from "@tributary/chain";
import { findBlock, parseBlockNumber } from "./block-param.ts";
import { data, kindOf, type Parsed, parseBoolean, parseHash, quantity } from "./hex.ts";
import { MAX_CATCH_UP_BLOCKS, MAX_FOLLOWED_TRANSACTIONS } from "./limits.ts";
import { parseLogQuery } from "./log-filter.ts";
import type { Params } from "./params.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";
import type { Topic } from "./subscription-set.ts";

/** Reads the arguments of eth_subscribe. */
export function readTopic(params: Params, chain: ChainReader): Topic {
  const kind = params.next(parseKind);
  switch (kind) {
    case "newHeads":
      return { kind, from: beginning(params.nextOr(parseHeadOptions, undefined), chain) };
    case "logs": {
      const query = params.nextOr(parseLogQuery, undefined);
      const from = query?.range.kind === "range" ? query.range.from : undefined;
      const match = { addresses: query?.addresses ?? [], topics: query?.topics ?? [] };
      return { kind, match, from: beginning(from, chain) };
    }
    case "newPendingTransactions":
      return { kind, full: params.nextOr(parseBoolean, false) };
    case "transactionReceipts":
      return { kind, hashes: params.nextOr(parseHashes, undefined) };
    default:
      return { kind };
  }
}

/** geth's {transactionHashes}: without them all are wanted. */
function parseHashes(value: unknown): Parsed<ReadonlySet<string> | undefined> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const { transactionHashes: hashes } = value as Readonly<Record<string, unknown>>;
  if (hashes === undefined || hashes === null) return { value: undefined };
  if (!Array.isArray(hashes)) return { reason: `transactionHashes: want an array, got ${kindOf(hashes)}` };
  if (hashes.length > MAX_FOLLOWED_TRANSACTIONS) {
    return { reason: `transactionHashes: at most ${MAX_FOLLOWED_TRANSACTIONS}` };
  }
  const wanted = new Set<string>();
  for (const one of hashes) {
    const hash = parseHash(one);
    if ("reason" in hash) return { reason: `transactionHashes: ${hash.reason}` };
    wanted.add(data(hash.value));
  }
  return { value: wanted.size === 0 ? undefined : wanted };
}

/** An extension: {fromBlock} also gives the blocks from there on. */
function parseHeadOptions(value: unknown): Parsed<BlockId | undefined> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const { fromBlock } = value as Readonly<Record<string, unknown>>;
  if (fromBlock === undefined || fromBlock === null) return { value: undefined };
  const parsed = parseBlockNumber(fromBlock);
  return "reason" in parsed ? { reason: `fromBlock: ${parsed.reason}` } : parsed;
}

/** The number of the block to begin with; undefined for whatever comes next, as every tag but "earliest" says. */
function beginning(id: BlockId | undefined, chain: ChainReader): number | undefined {
  if (id !== "earliest" && typeof id !== "number") return undefined;
  const head = chain.head.header.number;
  const from = typeof id === "number" ? id : (chain.block(id)?.header.number ?? head);
  if (head - from >= MAX_CATCH_UP_BLOCKS) {
    const least = quantity(head - MAX_CATCH_UP_BLOCKS + 1);
    throw new RpcError(RPC_CODE.invalidParams, `exceed maximum block range: begin at ${least} at the earliest`);
  }
  if (from <= head) findBlock(chain, from);
  return from;
}

function parseKind(value: unknown): Parsed<Topic["kind"]> {
  switch (value) {
    case "newHeads":
    case "logs":
    case "newPendingTransactions":
    case "transactionReceipts":
    case "syncing":
      return { value };
    default:
      return typeof value === "string"
        ? { reason: `no "${value.slice(0, 64)}" subscription in eth namespace` }
        : { reason: `want a subscription's name, got ${kindOf(value)}` };
  }
}
