import { type CallFrame, CallTracer, type CallTracerOptions } from "./call-tracer.ts";
import { FourByteTracer } from "./four-byte-tracer.ts";
import { type Prestate, type PrestateDiff, PrestateTracer, type PrestateTracerOptions } from "./prestate-tracer.ts";
import { StructLogger, type StructLoggerOptions, type StructLoggerResult } from "./struct-logger.ts";
import { TraceError } from "./trace-error.ts";
import type { Tracer } from "./tracer.ts";

export type TraceResult = StructLoggerResult | CallFrame | Prestate | PrestateDiff | Record<string, number>;

/** A tracer that has an answer once a transaction was executed under it. */
export interface ResultTracer extends Tracer {
  result(): TraceResult;
}

/** As debug_traceTransaction takes them: without `tracer` the struct logger, which has its options beside it. */
export type TraceOptions = StructLoggerOptions & {
  readonly tracer?: string;
  readonly tracerConfig?: CallTracerOptions & PrestateTracerOptions;
};

/** A new tracer, for one transaction. Throws TraceError TRACE_UNKNOWN_TRACER, TRACE_OPTIONS. */
export function makeTracer(options: TraceOptions = {}): ResultTracer {
  const config = { ...options.tracerConfig, ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }) };
  switch (options.tracer) {
    case undefined:
    case "":
      return new StructLogger(options);
    case "callTracer":
      return new CallTracer(config);
    case "prestateTracer":
      return new PrestateTracer(config);
    case "4byteTracer":
      return new FourByteTracer(config);
    default:
      throw new TraceError("TRACE_UNKNOWN_TRACER", "tracer not found");
  }
}
