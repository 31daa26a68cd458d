import { kindOf, type Parsed, parseBoolean } from "./hex.ts";
import { parseLogQuery } from "./log-filter.ts";
import type { Params } from "./params.ts";
import type { Topic } from "./subscription-set.ts";

/** Reads the arguments of eth_subscribe. */
export function readTopic(params: Params): Topic {
  const kind = params.next(parseKind);
  switch (kind) {
    case "logs": {
      const query = params.nextOr(parseLogQuery, undefined);
      return { kind, match: { addresses: query?.addresses ?? [], topics: query?.topics ?? [] } };
    }
    case "newPendingTransactions":
      return { kind, full: params.nextOr(parseBoolean, false) };
    default:
      return { kind };
  }
}

function parseKind(value: unknown): Parsed<Topic["kind"]> {
  switch (value) {
    case "newHeads":
    case "logs":
    case "newPendingTransactions":
    case "syncing":
      return { value };
    default:
      return typeof value === "string"
        ? { reason: `no "${value.slice(0, 64)}" subscription in eth namespace` }
        : { reason: `want a subscription's name, got ${kindOf(value)}` };
  }
}
