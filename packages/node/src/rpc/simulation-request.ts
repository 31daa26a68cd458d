import type { BlockPlan, SimulatedCall } from "@tributary/chain";
import { parseSimulatedBlockOverride } from "./block-override.ts";
import { parseCall } from "./call-request.ts";
import { FieldReader } from "./field-reader.ts";
import { kindOf, type Parsed, parseBoolean } from "./hex.ts";
import { MAX_SIMULATED_CALLS } from "./limits.ts";
import { parseStateOverrides } from "./state-override.ts";

export type SimulationRequest = {
  readonly plans: readonly BlockPlan[];
  readonly validation: boolean;
  readonly traceTransfers: boolean;
  readonly fullTransactions: boolean;
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads the first argument of eth_simulateV1. */
export function parseSimulationRequest(value: unknown): Parsed<SimulationRequest> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const reader = new FieldReader(value as Fields);
  const plans = reader.read("blockStateCalls", parsePlans) ?? [];
  const validation = reader.read("validation", parseBoolean) ?? false;
  const traceTransfers = reader.read("traceTransfers", parseBoolean) ?? false;
  const fullTransactions = reader.read("returnFullTransactions", parseBoolean) ?? false;
  if (reader.reason !== undefined) return { reason: reader.reason };
  if (plans.length === 0) return { reason: "empty input" };
  const calls = plans.reduce((sum, plan) => sum + plan.calls.length, 0);
  if (calls > MAX_SIMULATED_CALLS) return { reason: `too many calls: ${calls} > ${MAX_SIMULATED_CALLS}` };
  return { value: { plans, validation, traceTransfers, fullTransactions } };
}

function parsePlans(value: unknown): Parsed<readonly BlockPlan[]> {
  return parseEach(value, parsePlan);
}

function parsePlan(value: unknown): Parsed<BlockPlan> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const reader = new FieldReader(value as Fields);
  const block = reader.read("blockOverrides", parseSimulatedBlockOverride) ?? {};
  const state = reader.read("stateOverrides", parseStateOverrides) ?? [];
  const calls = reader.read("calls", (field) => parseEach(field, parseSimulatedCall)) ?? [];
  return reader.reason === undefined ? { value: { block, state, calls } } : { reason: reader.reason };
}

function parseSimulatedCall(value: unknown): Parsed<SimulatedCall> {
  const parsed = parseCall(value);
  if ("reason" in parsed) return parsed;
  const { request, type, nonce, maxFeePerGas, maxPriorityFeePerGas } = parsed.value;
  const { gasPrice: _, maxPriorityFeePerGas: _tip, ...fields } = request;
  return { value: { ...fields, type, maxFeePerGas, maxPriorityFeePerGas, ...(nonce === undefined ? {} : { nonce }) } };
}

function parseEach<T>(value: unknown, parse: (item: unknown) => Parsed<T>): Parsed<readonly T[]> {
  if (!Array.isArray(value)) return { reason: `want an array, got ${kindOf(value)}` };
  const items: T[] = [];
  for (const [index, item] of value.entries()) {
    const parsed = parse(item);
    if ("reason" in parsed) return { reason: `${index}: ${parsed.reason}` };
    items.push(parsed.value);
  }
  return { value: items };
}
