import type { Executed, Transaction } from "../types.ts";
import { hexOf, quantity, wordHex } from "./hex.ts";
import { OutputBudget } from "./output-budget.ts";
import { revertReason } from "./revert-reason.ts";
import type { CallKind, Step, TracedCall, TracedExit, Tracer } from "./tracer.ts";

export type CallTracerOptions = {
  readonly onlyTopCall?: boolean;
  readonly withLog?: boolean;
  /** Index that the transaction's first log has in the block. */
  readonly firstLogIndex?: number;
  /** Bytes that the trace must not pass: then TraceError TRACE_TOO_LARGE. */
  readonly maxBytes?: number;
};

export type CallLog = {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  /** Calls of the frame that ended before it. */
  readonly position: string;
  /** In the block. */
  readonly index: string;
};

export type CallFrame = {
  readonly from: string;
  gas: string;
  gasUsed: string;
  to?: string;
  readonly input: string;
  output?: string;
  error?: string;
  revertReason?: string;
  calls?: CallFrame[];
  logs?: CallLog[];
  readonly value?: string;
  readonly type: CallKind;
};

const LOG0 = 0xa0;
const LOG4 = 0xa4;
/** Field names, addresses and numbers of a frame, or of a log. */
const ENTRY_BYTES = 256;

/** The tree of calls, as geth's callTracer writes it. */
export class CallTracer implements Tracer {
  readonly #options: CallTracerOptions;
  readonly #budget: OutputBudget;
  /** A frame is undefined where only the top one is asked for. */
  readonly #open: { readonly frame: CallFrame | undefined; readonly firstLog: number }[] = [];
  readonly step?: (step: Step) => void;
  #gasLimit = 0n;
  #nextLog: number;
  #root: CallFrame | undefined;

  constructor(options: CallTracerOptions = {}) {
    this.#options = options;
    this.#budget = new OutputBudget(options.maxBytes);
    this.#nextLog = options.firstLogIndex ?? 0;
    if (options.withLog === true) this.step = (step) => this.#log(step);
  }

  start({ gasLimit }: Transaction): void {
    this.#gasLimit = gasLimit;
  }

  /** A log instruction that fails ends its frame, and with it the log written here. */
  #log(step: Step): void {
    const { op } = step;
    if (op < LOG0 || op > LOG4 || step.stackLength < op - LOG0 + 2) return;
    const length = step.stack(1);
    // Too little gas for so long a log, or one so far away: it does not come about.
    if (375n * BigInt(op - LOG0 + 1) + 8n * length > step.gas) return;
    if (length > 0n && step.stack(0) > BigInt(step.memorySize) + 64n * step.gas) return;
    const index = this.#nextLog++;
    const frame = this.#open.at(-1)?.frame;
    if (frame === undefined) return;
    this.#budget.spend(ENTRY_BYTES + 2 * Number(length) + 70 * (op - LOG0));
    frame.logs ??= [];
    frame.logs.push({
      address: hexOf(step.address),
      topics: Array.from({ length: op - LOG0 }, (_, i) => wordHex(step.stack(2 + i))),
      data: hexOf(step.memory(length === 0n ? 0 : Number(step.stack(0)), Number(length))),
      position: quantity(frame.calls?.length ?? 0),
      index: quantity(index),
    });
  }

  enter(call: TracedCall): void {
    if (this.#options.onlyTopCall === true && call.depth > 0) {
      this.#open.push({ frame: undefined, firstLog: this.#nextLog });
      return;
    }
    this.#budget.spend(ENTRY_BYTES + 2 * call.inputLength);
    const frame: CallFrame = {
      from: hexOf(call.from),
      gas: quantity(call.depth === 0 ? this.#gasLimit : call.gas),
      gasUsed: "0x0",
      ...(call.to === undefined ? {} : { to: hexOf(call.to) }),
      input: hexOf(call.input()),
      ...(call.value === undefined ? {} : { value: quantity(call.value) }),
      type: call.kind,
    };
    this.#open.push({ frame, firstLog: this.#nextLog });
  }

  exit(exit: TracedExit): void {
    const { frame, firstLog = 0 } = this.#open.pop() ?? {};
    // The logs of a call that failed, and those of calls below, never were: later ones take their numbers.
    if (exit.error !== undefined) this.#nextLog = firstLog;
    if (frame === undefined) return;
    frame.gasUsed = quantity(exit.gasUsed);
    this.#conclude(frame, exit);
    if (exit.error !== undefined) clearLogs(frame);
    const parent = this.#open.at(-1)?.frame;
    if (parent === undefined) this.#root = frame;
    else {
      parent.calls ??= [];
      parent.calls.push(frame);
    }
  }

  #conclude(frame: CallFrame, exit: TracedExit): void {
    if (exit.error !== undefined) {
      frame.error = exit.error;
      if (frame.type === "CREATE" || frame.type === "CREATE2") delete frame.to;
      if (!exit.isRevert) return;
    }
    if (exit.outputLength === 0) return;
    this.#budget.spend(2 * exit.outputLength);
    const output = exit.output();
    frame.output = hexOf(output);
    const reason = exit.isRevert ? revertReason(output) : undefined;
    // As geth: an empty field is left out.
    if (reason) frame.revertReason = reason;
  }

  end({ gasUsed }: Executed): void {
    if (this.#root !== undefined) this.#root.gasUsed = quantity(gasUsed);
  }

  /** After a transaction that was executed. */
  result(): CallFrame {
    if (this.#root === undefined) throw new RangeError("no transaction was traced");
    return this.#root;
  }
}

function clearLogs(frame: CallFrame): void {
  const open = [frame];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    delete one.logs;
    // Below a call that failed there are none already.
    for (const call of one.calls ?? []) if (call.error === undefined) open.push(call);
  }
}
