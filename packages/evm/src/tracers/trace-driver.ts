import type { Machine, MachineHost, MachineTrace } from "../machine.ts";
import { bytesOfWord } from "../memory-codec.ts";
import { frameOffsets, layout } from "../memory-layout.ts";
import { activePrecompiles } from "../precompiles/run-precompile.ts";
import type { Executed, Transaction } from "../types.ts";
import { constantGas } from "./constant-gas.ts";
import { type Coldness, coldness, failedGas } from "./failed-gas.ts";
import { callFault, failsBefore, hasOperands, REVERT, stepFault } from "./faults.ts";
import { MachineState } from "./machine-state.ts";
import { memoryGas } from "./memory-gas.ts";
import { StepView } from "./step-view.ts";
import { FrameCall, outcomeOf, refusedCreation, transferOf } from "./traced-call.ts";
import type { TracedCall, Tracer } from "./tracer.ts";

const STOP = 0x00;
const SSTORE = 0x55;
const CREATE = 0xf0;
const CREATE2 = 0xf5;
const SELFDESTRUCT = 0xff;
const COLLISION = 11;

/** Precompiles by address, as the fork has them. */
function precompilesOf(host: MachineHost): Map<string, number> {
  return new Map(activePrecompiles(host.fork).map((id) => [id.toString(16).padStart(40, "0"), id]));
}

/** Precompiles by the address at which calls run them. */
function calledPrecompiles(host: MachineHost): Map<string, number> {
  const called = precompilesOf(host);
  for (const [address, id] of host.moved) {
    if (id === 0) called.delete(hexName(address));
    else called.set(hexName(address), id);
  }
  return called;
}

function hexName(address: Uint8Array): string {
  return Buffer.from(address).toString("hex");
}

/** Turns what a machine tells while it executes one transaction into a tracer's events. */
export class TraceDriver implements MachineTrace {
  readonly #machine: Machine;
  readonly #tracer: Tracer;
  readonly #transaction: Transaction;
  readonly #isForgotten: boolean;
  /** Whether the fork has a precompile there, which makes it warm. */
  readonly isPrecompile: (address: Uint8Array) => boolean;
  readonly #called: ReadonlyMap<string, number>;
  readonly state: MachineState;
  readonly #step: StepView;
  /** Whether the step's cost is still to come. */
  #pending = false;
  /** The step's, before it. */
  #refund = 0n;
  #coldness: Coldness = { operand: false, delegate: false };
  /** Why the instruction failed that ends the running frame. */
  #fault: string | undefined;
  /** Gas that each open call began with, and the precompile that it is. */
  readonly #open: { readonly gas: bigint; readonly precompile: number | undefined }[] = [];
  #destruction: TracedCall | undefined;
  #hasEntered = false;

  /** `isForgotten`: the machine undoes what the transaction changed. */
  constructor(machine: Machine, host: MachineHost, transaction: Transaction, tracer: Tracer, isForgotten: boolean) {
    this.#machine = machine;
    this.#tracer = tracer;
    this.#transaction = transaction;
    this.#isForgotten = isForgotten;
    const known = precompilesOf(host);
    this.isPrecompile = (address) => known.has(hexName(address));
    this.#called = host.moved.length === 0 ? known : calledPrecompiles(host);
    this.state = new MachineState(machine, host);
    this.#step = new StepView(machine);
  }

  begin(): void {
    const coinbase = bytesOfWord(this.#machine.bytes, layout.ENV_COINBASE, 20);
    this.#tracer.start?.(this.#transaction, coinbase, this.state);
  }

  step(frame: number, pc: number, op: number, gas: bigint, sp: number, memorySize: number): void {
    if (this.#pending) {
      // Only the charge of SSTORE changes the counter.
      const refund = this.#step.op === SSTORE ? this.#step.refund : this.#refund;
      this.#finish(this.#step.gas - gas, undefined, refund);
    }
    const step = this.#step;
    step.set(frame, pc, op, gas, sp, memorySize);
    // The machine stops at the end of no code; geth does not begin.
    if (pc === 0 && step.codeLength === 0) return;
    this.#pending = true;
    if (this.#tracer.stepEnd !== undefined) {
      this.#refund = step.refund;
      this.#coldness = coldness(step, this);
    }
    if (op === SELFDESTRUCT && step.stackLength > 0 && this.#tracer.enter !== undefined) {
      this.#destruction = transferOf(step, this.state);
    }
    this.#tracer.step?.(step);
  }

  #finish(gasCost: bigint, fault: string | undefined, refund: bigint): void {
    this.#pending = false;
    this.#tracer.stepEnd?.({ gasCost, fault, refund });
  }

  fault(status: number): void {
    const step = this.#step;
    this.#fault = stepFault(status, step);
    const hasCost = this.#tracer.stepEnd !== undefined && hasOperands(status);
    const cost = hasCost ? failedGas(step, this, this.#coldness) : constantGas(step.op);
    this.#finish(cost, failsBefore(status) ? this.#fault : undefined, this.#refund);
  }

  enter(frame: number, depth: number): void {
    const { view } = this.#machine;
    const gas = view.getBigInt64(frame + frameOffsets.F_GAS, true);
    if (this.#pending) {
      const left = view.getBigInt64(frame - layout.FRAME_SIZE + frameOffsets.F_GAS, true);
      const { op } = this.#step;
      const passed = op === CREATE || op === CREATE2 ? gas : 0n;
      this.#finish(this.#step.gas - left - passed, undefined, this.#refund);
    }
    const call = new FrameCall(this.#machine, frame, depth, gas, (address) => this.#called.has(hexName(address)));
    this.#enter(call);
  }

  #enter(call: TracedCall): void {
    this.#hasEntered = true;
    const precompile = call.isPrecompile && call.to !== undefined ? this.#called.get(hexName(call.to)) : undefined;
    this.#open.push({ gas: call.gas, precompile });
    this.#tracer.enter?.(call);
  }

  exit(depth: number, status: number, gasLeft: bigint, outputLength: number): void {
    if (this.#pending) this.#finishLast(gasLeft);
    const { gas, precompile } = this.#open.pop() ?? { gas: 0n, precompile: undefined };
    if (status === 0 && this.#destruction !== undefined) {
      this.#tracer.enter?.(this.#destruction);
      this.#tracer.exit?.(outcomeOf(this.#machine, depth + 1, 0n, undefined, false, 0));
    }
    const error = status === 0 ? undefined : (this.#fault ?? callFault(status, precompile));
    this.#fault = undefined;
    this.#destruction = undefined;
    this.#tracer.exit?.(outcomeOf(this.#machine, depth, gas - gasLeft, error, status === REVERT, outputLength));
    if (depth === 0 && this.#isForgotten) this.#tracer.settle?.();
  }

  /** The instruction that ended a frame; what a creation pays for its code is no part of it. */
  #finishLast(gasLeft: bigint): void {
    const step = this.#step;
    const cost = step.op === STOP ? 0n : step.op === SELFDESTRUCT ? step.gas - gasLeft : memoryGas(step);
    this.#finish(cost, undefined, this.#refund);
  }

  end(outcome: Executed): void {
    // A creation at an address that is taken begins no frame.
    if (!this.#hasEntered) {
      this.#enter(refusedCreation(this.#machine, this.#transaction));
      this.exit(0, COLLISION, 0n, 0);
    }
    if (!this.#isForgotten) this.#tracer.settle?.();
    this.#tracer.end?.(outcome);
  }
}
