import { constantGas } from "./constant-gas.ts";
import { addressOfWord } from "./hex.ts";
import type { MachineState } from "./machine-state.ts";
import { LARGEST_MEMORY, memoryEnd, memoryGas } from "./memory-gas.ts";
import type { Step } from "./tracer.ts";

/** What of an instruction's operands is cold (EIP-2929). */
export type Coldness = {
  /** The account or slot that it names. */
  readonly operand: boolean;
  /** The account that the one called delegates to (EIP-7702). */
  readonly delegate: boolean;
};

const WARM: Coldness = { operand: false, delegate: false };

type Machine = { readonly state: MachineState; readonly isPrecompile: (address: Uint8Array) => boolean };

const words = (bytes: bigint): bigint => (bytes + 31n) / 32n;

function byteLength(word: bigint): bigint {
  return word === 0n ? 0n : BigInt(Math.ceil(word.toString(16).length / 2));
}

function isCold(address: Uint8Array, { state, isPrecompile }: Machine): boolean {
  return !state.isWarm(address) && !isPrecompile(address);
}

function delegateOf(called: Uint8Array, { state }: Machine): Uint8Array | undefined {
  const code = state.code(state.account(called));
  return code.length === 23 && code[0] === 0xef && code[1] === 1 ? code.slice(3) : undefined;
}

function calledColdness(step: Step, machine: Machine): Coldness {
  const called = addressOfWord(step.stack(1));
  const delegate = delegateOf(called, machine);
  return { operand: isCold(called, machine), delegate: delegate !== undefined && isCold(delegate, machine) };
}

/** Before the instruction: one that fails may have warmed what it names. */
export function coldness(step: Step, machine: Machine): Coldness {
  const { op, stackLength } = step;
  switch (op) {
    case 0x54:
    case 0x55:
      return stackLength < 1
        ? WARM
        : { operand: !machine.state.slot(step.address, step.stack(0)).isWarm, delegate: false };
    case 0x31:
    case 0x3b:
    case 0x3c:
    case 0x3f:
    case 0xff:
      return stackLength < 1 ? WARM : { operand: isCold(addressOfWord(step.stack(0)), machine), delegate: false };
    case 0xf1:
    case 0xf2:
    case 0xf4:
    case 0xfa:
      return stackLength < 2 ? WARM : calledColdness(step, machine);
    default:
      return WARM;
  }
}

function isEmpty(address: bigint, { state }: Machine): boolean {
  const account = state.account(addressOfWord(address));
  return account.nonce === 0n && account.balance === 0n && state.code(account).length === 0;
}

/** EIP-2200, EIP-2929, EIP-3529. */
function storeGas(step: Step, { state }: Machine, { operand }: Coldness): bigint {
  if (step.gas <= 2300n) return 0n;
  const { value, original } = state.slot(step.address, step.stack(0));
  const cold = operand ? 2100n : 0n;
  if (value === step.stack(1) || value !== original) return cold + 100n;
  return cold + (original === 0n ? 20_000n : 2900n);
}

/** Without what would be passed on: a call that cannot pay its own price passes nothing on. */
function callGas(step: Step, machine: Machine, cold: Coldness): bigint {
  const hasValue = step.op === 0xf1 || step.op === 0xf2;
  let gas = (cold.operand ? 2500n : 0n) + memoryGas(step);
  if (delegateOf(addressOfWord(step.stack(1)), machine) !== undefined) gas += cold.delegate ? 2600n : 100n;
  if (!hasValue || step.stack(2) === 0n) return gas;
  return gas + 9000n + (step.op === 0xf1 && isEmpty(step.stack(1), machine) ? 25_000n : 0n);
}

function destructGas(step: Step, machine: Machine, { operand }: Coldness): bigint {
  const moves = machine.state.account(step.address).balance !== 0n;
  return (operand ? 2600n : 0n) + (moves && isEmpty(step.stack(0), machine) ? 25_000n : 0n);
}

function dynamicGas(step: Step, machine: Machine, cold: Coldness): bigint {
  const { op } = step;
  if (op >= 0xa0 && op <= 0xa4) return 375n * BigInt(op - 0x9f) + 8n * step.stack(1) + memoryGas(step);
  switch (op) {
    case 0x0a:
      return 10n + 50n * byteLength(step.stack(1));
    case 0x20:
      return 6n * words(step.stack(1)) + memoryGas(step);
    case 0x31:
    case 0x3b:
    case 0x3f:
      return cold.operand ? 2500n : 0n;
    case 0x3c:
      return 3n * words(step.stack(3)) + memoryGas(step) + (cold.operand ? 2500n : 0n);
    case 0x37:
    case 0x39:
    case 0x3e:
    case 0x5e:
      return 3n * words(step.stack(2)) + memoryGas(step);
    case 0x54:
      return cold.operand ? 2100n : 100n;
    case 0x55:
      return storeGas(step, machine, cold);
    case 0xf0:
    case 0xf5:
      return (op === 0xf0 ? 2n : 8n) * words(step.stack(2)) + memoryGas(step);
    case 0xf1:
    case 0xf2:
    case 0xf4:
    case 0xfa:
      return callGas(step, machine, cold);
    case 0xff:
      return destructGas(step, machine, cold);
    default:
      return memoryGas(step);
  }
}

/**
 * What an instruction that failed would have cost: of one that had too little gas, or that its rules refused. Its
 * operands have to be on the stack, and what its frame did not be undone.
 */
export function failedGas(step: Step, machine: Machine, cold: Coldness): bigint {
  const constant = constantGas(step.op);
  if (step.gas < constant || memoryEnd(step) > LARGEST_MEMORY) return constant;
  return constant + dynamicGas(step, machine, cold);
}
