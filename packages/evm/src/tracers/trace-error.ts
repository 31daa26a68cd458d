/**
 * Why there is no trace. Says nothing about the transaction.
 *
 * - TRACE_TOO_LARGE: it would pass the bound on its bytes;
 * - TRACE_UNKNOWN_TRACER: no tracer has the name;
 * - TRACE_OPTIONS: options that exclude each other.
 */
export class TraceError extends Error {
  readonly code: "TRACE_TOO_LARGE" | "TRACE_UNKNOWN_TRACER" | "TRACE_OPTIONS";
  constructor(code: TraceError["code"], message: string) {
    super(message);
    this.name = "TraceError";
    this.code = code;
  }
}
