import type { BlockId, ChainReader, EthereumBlock } from "@tributary/chain";
import { kindOf, type Parsed, parseHash, parseIndex } from "./hex.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

const tags: ReadonlySet<string> = new Set(["earliest", "latest", "safe", "finalized", "pending"]);

/** A block number or tag. */
export function parseBlockNumber(value: unknown): Parsed<BlockId> {
  if (typeof value === "string" && tags.has(value)) return { value: value as BlockId };
  return parseIndex(value);
}

/** A block number, a tag, a hash, or the object form of EIP-1898. */
export function parseBlockParam(value: unknown): Parsed<BlockId> {
  if (typeof value === "string") return value.length === 66 ? parseHash(value) : parseBlockNumber(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want a block number, tag or object, got ${kindOf(value)}` };
  }
  const { blockNumber, blockHash, requireCanonical } = value as Readonly<Record<string, unknown>>;
  if (blockNumber !== undefined && blockHash !== undefined) {
    return { reason: "cannot specify both blockHash and blockNumber, choose one or the other" };
  }
  if (requireCanonical !== undefined && typeof requireCanonical !== "boolean") {
    return { reason: `requireCanonical: want true or false, got ${kindOf(requireCanonical)}` };
  }
  if (blockHash !== undefined) return parseHash(blockHash);
  if (blockNumber !== undefined) return parseBlockNumber(blockNumber);
  return { reason: "want blockNumber or blockHash" };
}

/** The block, or undefined where no such block exists yet. A block that existed and is no longer kept is an error. */
export function findBlock(chain: ChainReader, id: BlockId): EthereumBlock | undefined {
  const block = chain.block(id);
  if (block === undefined && typeof id === "number" && id <= chain.head.header.number) throw prunedHistory(id);
  return block;
}

/** The block, which must exist. */
export function requireBlock(chain: ChainReader, id: BlockId): EthereumBlock {
  const block = findBlock(chain, id);
  if (block !== undefined) return block;
  throw new RpcError(RPC_CODE.server, id instanceof Uint8Array ? "header for hash not found" : "header not found");
}

/** geth's PrunedHistoryError. */
function prunedHistory(number: number): RpcError {
  return new RpcError(RPC_CODE.prunedHistory, `pruned history unavailable: block ${number} is no longer kept here`);
}
