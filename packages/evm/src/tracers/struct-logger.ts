import type { Executed } from "../types.ts";
import { hexOf, quantity, wordHex } from "./hex.ts";
import { opcodeName } from "./opcode-names.ts";
import { OutputBudget } from "./output-budget.ts";
import type { Step, StepEnd, TracedExit, Tracer, TraceState } from "./tracer.ts";

/** Of geth's struct logger, with its defaults. */
export type StructLoggerOptions = {
  readonly enableMemory?: boolean;
  readonly disableStack?: boolean;
  readonly disableStorage?: boolean;
  readonly enableReturnData?: boolean;
  /** Bytes of logs after which no further ones are kept; 0 for none. */
  readonly limit?: number;
  /** Bytes that the trace must not pass: then TraceError TRACE_TOO_LARGE. */
  readonly maxBytes?: number;
};

export type StructLog = {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  gasCost: number;
  readonly depth: number;
  error?: string;
  /** Bottom first, hexadecimal with 0x. */
  readonly stack?: readonly string[];
  /** Words. */
  readonly memory?: readonly string[];
  readonly returnData?: string;
  /** What the account's instructions read and wrote so far, by slot. */
  readonly storage?: Readonly<Record<string, string>>;
  refund?: number;
};

export type StructLoggerResult = {
  readonly gas: number;
  readonly failed: boolean;
  readonly returnValue: string;
  readonly structLogs: readonly StructLog[];
};

const SLOAD = 0x54;
const SSTORE = 0x55;
/** Field names, numbers and braces of an entry. */
const ENTRY_BYTES = 96;

/** Writes down each instruction: what debug_traceTransaction answers without a tracer. */
export class StructLogger implements Tracer {
  readonly #options: StructLoggerOptions;
  readonly #budget: OutputBudget;
  readonly #logs: StructLog[] = [];
  readonly #storage = new Map<string, Map<string, string>>();
  #state: TraceState | undefined;
  #last: StructLog | undefined;
  #size = 0;
  #gas = 0;
  #failed = false;
  #output: Uint8Array = new Uint8Array(0);

  constructor(options: StructLoggerOptions = {}) {
    this.#options = options;
    this.#budget = new OutputBudget(options.maxBytes);
  }

  start(_: unknown, _coinbase: Uint8Array, state: TraceState): void {
    this.#state = state;
  }

  step(step: Step): void {
    const { enableMemory, disableStack, enableReturnData, limit = 0 } = this.#options;
    this.#last = undefined;
    if (limit !== 0 && this.#size > limit) return;
    const storage = this.#storageOf(step);
    const log: StructLog = {
      pc: step.pc,
      op: opcodeName(step.op),
      gas: Number(step.gas),
      gasCost: 0,
      depth: step.depth,
      ...(disableStack === true ? {} : { stack: this.#stackOf(step) }),
      ...(enableReturnData === true && step.returnDataLength > 0 ? { returnData: this.#returnDataOf(step) } : {}),
      ...(enableMemory === true && step.memorySize > 0 ? { memory: this.#memoryOf(step) } : {}),
      ...(storage === undefined ? {} : { storage }),
    };
    this.#budget.spend(ENTRY_BYTES);
    this.#last = log;
    this.#logs.push(log);
  }

  #stackOf(step: Step): string[] {
    const words: string[] = [];
    let bytes = 0;
    for (let i = step.stackLength - 1; i >= 0; i--) {
      const word = quantity(step.stack(i));
      bytes += word.length + 3;
      words.push(word);
    }
    this.#budget.spend(bytes);
    return words;
  }

  #memoryOf(step: Step): string[] {
    this.#budget.spend(2 * step.memorySize + (5 * step.memorySize) / 32);
    const text = Buffer.from(step.memory(0, step.memorySize)).toString("hex");
    return Array.from({ length: text.length / 64 }, (_, i) => `0x${text.slice(64 * i, 64 * (i + 1))}`);
  }

  #returnDataOf(step: Step): string {
    this.#budget.spend(2 * step.returnDataLength);
    return hexOf(step.returnData());
  }

  /** Of an instruction that reads or writes storage: all that those of its account did so far, and it will. */
  #storageOf(step: Step): Record<string, string> | undefined {
    const { op } = step;
    if (this.#options.disableStorage === true || (op !== SLOAD && op !== SSTORE)) return undefined;
    const address = step.address;
    const name = hexOf(address);
    const known = this.#storage.get(name) ?? new Map<string, string>();
    this.#storage.set(name, known);
    if (step.stackLength < (op === SLOAD ? 1 : 2)) return undefined;
    const slot = step.stack(0);
    const value = op === SSTORE ? step.stack(1) : (this.#state?.storage(address, slot) ?? 0n);
    known.set(wordHex(slot), wordHex(value));
    this.#budget.spend(138 * known.size);
    return Object.fromEntries(known);
  }

  stepEnd({ gasCost, fault, refund }: StepEnd): void {
    const log = this.#last;
    if (log === undefined) return;
    log.gasCost = Number(gasCost);
    if (fault !== undefined) log.error = fault;
    if (refund !== 0n) log.refund = Number(refund);
    if (this.#options.limit) this.#size += JSON.stringify(log).length;
  }

  exit(exit: TracedExit): void {
    if (exit.depth !== 0) return;
    this.#failed = exit.error !== undefined;
    if (!this.#failed || exit.isRevert) this.#output = exit.output();
  }

  end(outcome: Executed): void {
    this.#gas = Number(outcome.gasUsed);
  }

  /** After the transaction. */
  result(): StructLoggerResult {
    const returnValue = hexOf(this.#output);
    return { gas: this.#gas, failed: this.#failed, returnValue, structLogs: this.#logs };
  }
}
