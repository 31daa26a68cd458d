import type { TraceOptions } from "@tributary/evm";
import { FieldReader } from "./field-reader.ts";
import { kindOf, type Parsed, parseBoolean } from "./hex.ts";
import { MAX_TRACE_MS } from "./limits.ts";

/** What a client asks of a trace. */
export type TraceRequest = {
  readonly options: TraceOptions;
  /** Milliseconds, at most the node's own bound. */
  readonly timeout: number;
};

type Fields = Readonly<Record<string, unknown>>;

export const DEFAULT_TRACE_REQUEST: TraceRequest = { options: {}, timeout: MAX_TRACE_MS };

/** Milliseconds in a unit of Go's durations. */
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Reads geth's TraceConfig. Fields that it does not know are passed over, as geth does. */
export function parseTraceRequest(value: unknown): Parsed<TraceRequest> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const reader = new FieldReader(value as Fields);
  const tracer = reader.read("tracer", parseName);
  const tracerConfig = reader.read("tracerConfig", parseTracerConfig);
  const timeout = reader.read("timeout", parseDuration) ?? MAX_TRACE_MS;
  const limit = reader.read("limit", parseLimit);
  const flags = readFlags(reader, ["enableMemory", "disableStack", "disableStorage", "enableReturnData"]);
  if (reader.reason !== undefined) return { reason: reader.reason };
  return {
    value: {
      timeout: Math.min(timeout, MAX_TRACE_MS),
      options: {
        ...flags,
        ...(tracer === undefined ? {} : { tracer }),
        ...(tracerConfig === undefined ? {} : { tracerConfig }),
        ...(limit === undefined ? {} : { limit }),
      },
    },
  };
}

function readFlags(reader: FieldReader, names: readonly string[]): Record<string, boolean> {
  const flags: Record<string, boolean> = {};
  for (const name of names) {
    const flag = reader.read(name, parseBoolean);
    if (flag !== undefined) flags[name] = flag;
  }
  return flags;
}

function parseTracerConfig(value: unknown): Parsed<NonNullable<TraceOptions["tracerConfig"]>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want an object, got ${kindOf(value)}` };
  }
  const reader = new FieldReader(value as Fields);
  const names = ["onlyTopCall", "withLog", "diffMode", "disableCode", "disableStorage", "includeEmpty"];
  const flags = readFlags(reader, names);
  return reader.reason === undefined ? { value: flags } : { reason: reader.reason };
}

function parseName(value: unknown): Parsed<string> {
  return typeof value === "string" ? { value } : { reason: `want a tracer's name, got ${kindOf(value)}` };
}

function parseLimit(value: unknown): Parsed<number> {
  if (typeof value !== "number") return { reason: `want a number, got ${kindOf(value)}` };
  return Number.isSafeInteger(value) && value >= 0 ? { value } : { reason: "want a number of bytes" };
}

/** One of Go's durations with one unit: 5s, 300ms, 1.5s. */
function parseDuration(value: unknown): Parsed<number> {
  const match = typeof value === "string" ? /^(\d{1,9}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)$/.exec(value) : null;
  const unit = units[match?.[2] ?? ""];
  if (match === null || unit === undefined) return { reason: 'want a duration like "5s"' };
  return { value: Number(match[1]) * unit };
}
