import type { Account, Executed, Transaction } from "../types.ts";

/** The state as the traced transaction has made it so far. Reading changes no outcome. */
export interface TraceState {
  account(address: Uint8Array): Account;
  /** Empty for an account without code. */
  code(account: Account): Uint8Array;
  storage(address: Uint8Array, slot: bigint): bigint;
}

/** An instruction before it is executed. Valid only during `step`: the next step is the same object. */
export interface Step {
  readonly pc: number;
  readonly op: number;
  /** Gas left before the instruction. */
  readonly gas: bigint;
  /** 1 for the transaction's own call. */
  readonly depth: number;
  readonly stackLength: number;
  /** 0 is the top. */
  stack(index: number): bigint;
  /** Bytes; a multiple of 32. */
  readonly memorySize: number;
  /** A copy, as if zeros followed the memory. */
  memory(offset: number, length: number): Uint8Array;
  readonly returnDataLength: number;
  /** What RETURNDATACOPY would read: a copy. */
  returnData(): Uint8Array;
  /** The account whose storage and balance the code acts on. */
  readonly address: Uint8Array;
  /** Refund counter, gas. */
  readonly refund: bigint;
}

/** What an instruction came to, known before the next event. */
export type StepEnd = {
  /**
   * With what is passed on to a call (without stipend), and without what is passed on to init code, as geth counts;
   * of an instruction that failed, what it would have cost.
   */
  readonly gasCost: bigint;
  /** Why it was not executed, in geth's words; undefined where it was, even where executing it failed. */
  readonly fault: string | undefined;
  /** Refund counter once the instruction is charged, gas. */
  readonly refund: bigint;
};

export type CallKind = "CALL" | "CALLCODE" | "DELEGATECALL" | "STATICCALL" | "CREATE" | "CREATE2" | "SELFDESTRUCT";

/** A call, a creation or the transfer of a selfdestruct begins, even one that ends before any code runs. */
export interface TracedCall {
  /** 0 for the transaction's own. */
  readonly depth: number;
  readonly kind: CallKind;
  /** The account that calls. */
  readonly from: Uint8Array;
  /** Whose code is called, what is created, or who inherits; undefined for a creation that got no address. */
  readonly to: Uint8Array | undefined;
  readonly isPrecompile: boolean;
  readonly gas: bigint;
  /** Wei; undefined for STATICCALL. */
  readonly value: bigint | undefined;
  readonly inputLength: number;
  /** The first `length` bytes of calldata or init code, at most all: a copy. Only during `enter`. */
  input(length?: number): Uint8Array;
}

/** The innermost call ends. */
export interface TracedExit {
  readonly depth: number;
  readonly gasUsed: bigint;
  /** In geth's words; undefined for success. */
  readonly error: string | undefined;
  readonly isRevert: boolean;
  readonly outputLength: number;
  /** Returned, reverted with, or the code that was created: a copy. Only during `exit`. */
  output(): Uint8Array;
}

/**
 * Watches one transaction. Events come in the order of execution: `start`, then for each call `enter`, its steps (each
 * followed by `stepEnd`) and calls, `exit`; then `settle` and `end`. Of an invalid transaction only `start` comes.
 * What a tracer throws ends the execution and is thrown by the Evm.
 */
export interface Tracer {
  /** Before anything is paid or checked. */
  start?(transaction: Transaction, coinbase: Uint8Array, state: TraceState): void;
  step?(step: Step): void;
  stepEnd?(end: StepEnd): void;
  enter?(call: TracedCall): void;
  exit?(exit: TracedExit): void;
  /** The state is as the transaction leaves it. */
  settle?(): void;
  end?(outcome: Executed): void;
}
