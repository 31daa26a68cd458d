import type { BlockId, Log, LogFilter } from "@tributary/chain";
import { parseBlockNumber } from "./block-param.ts";
import { kindOf, type Parsed, parseAddress, parseHash } from "./hex.ts";
import { MAX_FILTER_ADDRESSES, MAX_TOPIC_ALTERNATIVES } from "./limits.ts";

/** Which logs: emitters and topics. An empty list matches everything. */
export type LogMatch = Required<Pick<LogFilter, "addresses" | "topics">>;

/** A client's log filter, before its blocks are looked up. */
export type LogQuery = LogMatch & {
  readonly range:
    | { readonly kind: "block"; readonly hash: Uint8Array }
    | { readonly kind: "range"; readonly from: BlockId | undefined; readonly to: BlockId | undefined };
};

export function parseLogQuery(value: unknown): Parsed<LogQuery> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want a filter object, got ${kindOf(value)}` };
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const range = parseRange(fields);
  if ("reason" in range) return range;
  const addresses = parseAddresses(fields["address"]);
  if ("reason" in addresses) return addresses;
  const topics = parseTopics(fields["topics"]);
  if ("reason" in topics) return topics;
  return { value: { range: range.value, addresses: addresses.value, topics: topics.value } };
}

function parseRange(fields: Readonly<Record<string, unknown>>): Parsed<LogQuery["range"]> {
  const { blockHash, fromBlock, toBlock } = fields;
  if (isSet(blockHash)) {
    if (isSet(fromBlock) || isSet(toBlock)) {
      return { reason: "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other" };
    }
    const hash = parseHash(blockHash);
    return "reason" in hash ? at("blockHash", hash.reason) : { value: { kind: "block", hash: hash.value } };
  }
  const from = parseBound(fromBlock);
  if ("reason" in from) return at("fromBlock", from.reason);
  const to = parseBound(toBlock);
  if ("reason" in to) return at("toBlock", to.reason);
  return { value: { kind: "range", from: from.value, to: to.value } };
}

function parseBound(value: unknown): Parsed<BlockId | undefined> {
  return isSet(value) ? parseBlockNumber(value) : { value: undefined };
}

function parseAddresses(value: unknown): Parsed<readonly Uint8Array[]> {
  if (!isSet(value)) return { value: [] };
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > MAX_FILTER_ADDRESSES) return { reason: `address: at most ${MAX_FILTER_ADDRESSES} addresses` };
  const addresses: Uint8Array[] = [];
  for (const [index, item] of values.entries()) {
    const address = parseAddress(item);
    if ("reason" in address) return at(`address ${index}`, address.reason);
    addresses.push(address.value);
  }
  return { value: addresses };
}

function parseTopics(value: unknown): Parsed<readonly (readonly Uint8Array[])[]> {
  if (!isSet(value)) return { value: [] };
  if (!Array.isArray(value)) return { reason: `topics: want an array, got ${kindOf(value)}` };
  if (value.length > 4) return { reason: "topics: at most 4 positions" };
  const positions: (readonly Uint8Array[])[] = [];
  for (const [index, item] of value.entries()) {
    const position = parsePosition(item);
    if ("reason" in position) return at(`topics ${index}`, position.reason);
    positions.push(position.value);
  }
  return { value: positions };
}

/** null, a topic, or alternatives; null among the alternatives matches everything. */
function parsePosition(value: unknown): Parsed<readonly Uint8Array[]> {
  if (!isSet(value)) return { value: [] };
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > MAX_TOPIC_ALTERNATIVES) return { reason: `at most ${MAX_TOPIC_ALTERNATIVES} alternatives` };
  const topics: Uint8Array[] = [];
  for (const item of values) {
    if (!isSet(item)) return { value: [] };
    const topic = parseHash(item);
    if ("reason" in topic) return topic;
    topics.push(topic.value);
  }
  return { value: topics };
}

/** Whether a log is one that the filter names. */
export function matches(log: Log, filter: LogMatch): boolean {
  if (filter.addresses.length > 0 && !includes(filter.addresses, log.address)) return false;
  if (filter.topics.length > log.topics.length) return false;
  return filter.topics.every((alternatives, position) => {
    const topic = log.topics[position];
    return alternatives.length === 0 || (topic !== undefined && includes(alternatives, topic));
  });
}

function includes(values: readonly Uint8Array[], wanted: Uint8Array): boolean {
  return values.some((value) => Buffer.compare(value, wanted) === 0);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function at(where: string, reason: string): { readonly reason: string } {
  return { reason: `${where}: ${reason}` };
}
