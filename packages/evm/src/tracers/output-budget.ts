import { TraceError } from "./trace-error.ts";

/** Bytes of JSON that a trace may have unless told otherwise. */
export const DEFAULT_TRACE_BYTES: number = 64 * 1024 * 1024;

/** Keeps a trace within a bound: code can make one that is far larger than the gas suggests. */
export class OutputBudget {
  readonly #most: number;
  #left: number;

  constructor(most: number = DEFAULT_TRACE_BYTES) {
    this.#most = most;
    this.#left = most;
  }

  /** Before so many bytes are added. Throws TraceError TRACE_TOO_LARGE: then the execution ends. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new TraceError("TRACE_TOO_LARGE", `the trace would be larger than ${this.#most} bytes`);
  }
}
