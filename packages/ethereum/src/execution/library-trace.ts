import type { InterpreterStep, Message } from "@ethereumjs/evm";
import type { EthereumTransaction } from "@tributary/chain/block/ethereum";
import { toKey } from "@tributary/chain/store/key";
import type { Step, StepEnd, Tracer, TraceState } from "@tributary/evm/tracers/tracer";
import type { Executed, StateReader } from "@tributary/evm/types";
import { toBigInt, uint } from "@tributary/protocol/bytes/bytes";
import { pricedTransaction } from "./evm-transaction.ts";

const SSTORE = 0x55;
const CALLS: ReadonlySet<number> = new Set([0xf1, 0xf2, 0xf4, 0xfa]);
/** Given to whoever is called with coins; not paid by the caller's gas. */
const STIPEND = 2_300n;

/** The library's words for failures that geth notices before it executes an instruction: it shows them there. */
const faults: ReadonlySet<string> = new Set(["out of gas", "stack underflow", "stack overflow"]);

/** One of the library's steps as our tracers see it. */
class LibraryStep implements Step {
  readonly #step: InterpreterStep;

  constructor(step: InterpreterStep) {
    this.#step = step;
  }

  get pc(): number {
    return this.#step.pc;
  }

  get op(): number {
    return this.#step.opcode.code;
  }

  get gas(): bigint {
    return this.#step.gasLeft;
  }

  get depth(): number {
    return this.#step.depth + 1;
  }

  get stackLength(): number {
    return this.#step.stack.length;
  }

  stack(index: number): bigint {
    return this.#step.stack.at(-1 - index) ?? 0n;
  }

  get memorySize(): number {
    return this.#step.memory.length;
  }

  memory(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    copy.set(this.#step.memory.subarray(offset, offset + length));
    return copy;
  }

  /** The library's steps do not tell it. */
  get returnDataLength(): number {
    return 0;
  }

  returnData(): Uint8Array {
    return new Uint8Array(0);
  }

  get address(): Uint8Array {
    return this.#step.address.bytes;
  }

  get refund(): bigint {
    return this.#step.gasRefund;
  }
}

/** Slots as the transaction has written them so far. */
type Written = Map<string, bigint>;

/** Turns what the library's EVM tells of one transaction into the events of a tracer that writes down instructions. */
export class LibraryTrace {
  readonly #tracer: Tracer;
  /** One for each open call: what a call wrote is forgotten where it fails. */
  readonly #written: Written[] = [new Map()];
  #pending: { readonly op: number; readonly cost: bigint; readonly refund: bigint } | undefined;

  constructor(tracer: Tracer, transaction: EthereumTransaction, before: StateReader, coinbase: Uint8Array) {
    this.#tracer = tracer;
    const state: TraceState = {
      account: (address) => before.account(address) ?? { nonce: 0n, balance: 0n, codeHash: new Uint8Array(32) },
      code: (account) => before.code(account.codeHash),
      storage: (address, slot) => {
        const written = this.#written.at(-1)?.get(keyOf(address, slot));
        return written ?? toBigInt(before.storage(address, uint(slot, 32)) ?? new Uint8Array(0));
      },
    };
    tracer.start?.(pricedTransaction(transaction), coinbase, state);
  }

  step(event: InterpreterStep): void {
    this.#finish(0n);
    const { code, dynamicFee, fee } = event.opcode;
    const step = new LibraryStep(event);
    this.#tracer.step?.(step);
    this.#pending = { op: code, cost: dynamicFee ?? BigInt(fee), refund: event.gasRefund };
    if (code === SSTORE) this.#written.at(-1)?.set(keyOf(step.address, step.stack(0)), step.stack(1));
  }

  enter({ depth, gasLimit, value }: Message): void {
    if (depth === 0) return;
    const isCall = this.#pending !== undefined && CALLS.has(this.#pending.op);
    this.#finish(isCall ? gasLimit - (value > 0n ? STIPEND : 0n) : 0n);
    this.#written.push(new Map(this.#written.at(-1)));
  }

  exit(failure: string | undefined): void {
    this.#finish(0n, failure);
    const inner = this.#written.pop();
    if (this.#written.length === 0) this.#written.push(inner ?? new Map());
    else if (failure === undefined && inner !== undefined) this.#written[this.#written.length - 1] = inner;
  }

  end(outcome: Executed, error: string | undefined): void {
    const { output } = outcome;
    const isRevert = outcome.status === "revert";
    const gasUsed = outcome.gasUsed;
    this.#tracer.exit?.({ depth: 0, gasUsed, error, isRevert, outputLength: output.length, output: () => output });
    this.#tracer.end?.(outcome);
  }

  #finish(passed: bigint, failure?: string): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    const fault = failure !== undefined && faults.has(failure) ? failure : undefined;
    const end: StepEnd = { gasCost: pending.cost + passed, fault, refund: pending.refund };
    this.#tracer.stepEnd?.(end);
  }
}

function keyOf(address: Uint8Array, slot: bigint): string {
  return toKey(address) + slot.toString(16);
}
