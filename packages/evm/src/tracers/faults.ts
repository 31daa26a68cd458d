// Status codes of assembly/interpreter.ts, and how geth calls what they stand for.
import { LARGEST_MEMORY, memoryEnd } from "./memory-gas.ts";
import { opcodeName } from "./opcode-names.ts";
import type { Step } from "./tracer.ts";

export const REVERT = 1;
const OUT_OF_GAS = 2;
const INVALID_OPCODE = 3;
const STACK_UNDERFLOW = 4;
const STACK_OVERFLOW = 5;
const INIT_CODE_SIZE = 14;
const PRECOMPILE = 16;

/** Operands of the instructions that take more than their result's place. */
const operands: readonly (readonly [first: number, last: number, count: number])[] = [
  [0x01, 0x07, 2],
  [0x08, 0x09, 3],
  [0x0a, 0x0b, 2],
  [0x10, 0x14, 2],
  [0x15, 0x15, 1],
  [0x16, 0x18, 2],
  [0x19, 0x19, 1],
  [0x1a, 0x1d, 2],
  [0x1e, 0x1e, 1],
  [0x20, 0x20, 2],
  [0x31, 0x31, 1],
  [0x35, 0x35, 1],
  [0x37, 0x37, 3],
  [0x39, 0x39, 3],
  [0x3b, 0x3b, 1],
  [0x3c, 0x3c, 4],
  [0x3e, 0x3e, 3],
  [0x3f, 0x40, 1],
  [0x49, 0x49, 1],
  [0x50, 0x51, 1],
  [0x52, 0x53, 2],
  [0x54, 0x54, 1],
  [0x55, 0x55, 2],
  [0x56, 0x56, 1],
  [0x57, 0x57, 2],
  [0x5c, 0x5c, 1],
  [0x5d, 0x5d, 2],
  [0x5e, 0x5e, 3],
  [0xf0, 0xf0, 3],
  [0xf1, 0xf2, 7],
  [0xf3, 0xf3, 2],
  [0xf4, 0xf4, 6],
  [0xf5, 0xf5, 4],
  [0xfa, 0xfa, 6],
  [0xfd, 0xfd, 2],
  [0xff, 0xff, 1],
];

function operandCount(op: number): number {
  if (op >= 0x80 && op <= 0x8f) return op - 0x7f;
  if (op >= 0x90 && op <= 0x9f) return op - 0x8e;
  if (op >= 0xa0 && op <= 0xa4) return op - 0x9e;
  return operands.find(([first, last]) => op >= first && op <= last)?.[2] ?? 0;
}

const largest64 = (1n << 64n) - 1n;

function outOfGas(step: Step): string {
  const end = memoryEnd(step);
  if (end > largest64) return "gas uint64 overflow";
  if (end > LARGEST_MEMORY) return "out of gas: gas uint64 overflow";
  return step.op === 0x55 && step.gas <= 2300n ? "out of gas: not enough gas for reentrancy sentry" : "out of gas";
}

/** Whether geth notices it before it executes the instruction. */
export function failsBefore(status: number): boolean {
  return status === OUT_OF_GAS || status === STACK_UNDERFLOW || status === STACK_OVERFLOW || status === INIT_CODE_SIZE;
}

/** Whether the operands of the instruction are on the stack, and it exists. */
export function hasOperands(status: number): boolean {
  return status !== STACK_UNDERFLOW && status !== STACK_OVERFLOW && status !== INVALID_OPCODE;
}

/** Why the step failed. */
export function stepFault(status: number, step: Step): string {
  switch (status) {
    case OUT_OF_GAS:
      return outOfGas(step);
    case INVALID_OPCODE:
      return `invalid opcode: ${opcodeName(step.op)}`;
    case STACK_UNDERFLOW:
      return `stack underflow (${step.stackLength} <=> ${operandCount(step.op)})`;
    case STACK_OVERFLOW:
      return "stack limit reached 1024 (1023)";
    case INIT_CODE_SIZE:
      return `out of gas: max initcode size exceeded: size ${step.stack(2)}`;
    default:
      return callFault(status, undefined);
  }
}

const words: Readonly<Record<number, string>> = {
  [REVERT]: "execution reverted",
  [OUT_OF_GAS]: "contract creation code storage out of gas",
  6: "invalid jump destination",
  7: "write protection",
  8: "return data out of bounds",
  9: "insufficient balance for transfer",
  10: "max call depth exceeded",
  11: "contract address collision",
  12: "invalid code: must not begin with 0xef",
  13: "max code size exceeded",
  15: "nonce uint64 overflow",
};

/**
 * Why a call failed that no instruction failed in. Of a precompile's failures geth tells kinds apart; ours says what
 * is certain: those that accept every input had too little gas.
 */
export function callFault(status: number, precompile: number | undefined): string {
  if (status !== PRECOMPILE) return words[status] ?? "execution failed";
  const acceptsAll = precompile !== undefined && (precompile <= 4 || precompile === 0x100);
  return acceptsAll ? "out of gas" : "precompile failed";
}
