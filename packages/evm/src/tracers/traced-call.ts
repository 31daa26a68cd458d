import type { Machine } from "../machine.ts";
import { bytesOfWord, wordAt } from "../memory-codec.ts";
import { frameOffsets, layout } from "../memory-layout.ts";
import type { Transaction } from "../types.ts";
import { addressOfWord } from "./hex.ts";
import type { CallKind, Step, TracedCall, TracedExit, TraceState } from "./tracer.ts";

const kinds: Readonly<Record<number, CallKind>> = {
  240: "CREATE",
  241: "CALL",
  242: "CALLCODE",
  244: "DELEGATECALL",
  245: "CREATE2",
  250: "STATICCALL",
};

/** A call whose frame lies in a machine's memory. */
export class FrameCall implements TracedCall {
  readonly #machine: Machine;
  readonly #frame: number;
  readonly depth: number;
  readonly kind: CallKind;
  readonly from: Uint8Array;
  readonly to: Uint8Array | undefined;
  readonly isPrecompile: boolean;
  readonly gas: bigint;
  readonly value: bigint | undefined;
  readonly inputLength: number;

  constructor(
    machine: Machine,
    frame: number,
    depth: number,
    gas: bigint,
    isPrecompile: (address: Uint8Array) => boolean,
  ) {
    this.#machine = machine;
    this.#frame = frame;
    const { bytes, view } = machine;
    const field = (offset: number): number => view.getUint32(frame + offset, true);
    this.depth = depth;
    this.gas = gas;
    this.kind = kinds[field(frameOffsets.F_KIND)] ?? "CALL";
    // A delegated call keeps its caller's caller, but it is the contract that calls.
    const self = depth === 0 ? 0 : view.getUint32(frame - layout.FRAME_SIZE + frameOffsets.F_SELF, true);
    this.from = bytesOfWord(bytes, self === 0 ? frame + frameOffsets.F_CALLER : self, 20);
    const target = field(frameOffsets.F_TARGET);
    this.to = target === 0 ? undefined : bytesOfWord(bytes, target, 20);
    this.isPrecompile = !this.#creates && this.to !== undefined && isPrecompile(this.to);
    this.value = this.kind === "STATICCALL" ? undefined : wordAt(view, frame + frameOffsets.F_VALUE);
    this.inputLength = field(this.#creates ? frameOffsets.F_CODE_LENGTH : frameOffsets.F_INPUT_LENGTH);
  }

  get #creates(): boolean {
    return this.kind === "CREATE" || this.kind === "CREATE2";
  }

  input(length: number = this.inputLength): Uint8Array {
    const { bytes, view } = this.#machine;
    const at = view.getUint32(this.#frame + (this.#creates ? frameOffsets.F_CODE : frameOffsets.F_INPUT), true);
    return bytes.slice(at, at + Math.min(length, this.inputLength));
  }
}

/** What SELFDESTRUCT does, as geth shows it: a call that takes no gas. */
export function transferOf(step: Step, state: TraceState): TracedCall {
  const from = step.address;
  return {
    depth: step.depth,
    kind: "SELFDESTRUCT",
    from,
    to: addressOfWord(step.stack(0)),
    isPrecompile: false,
    gas: 0n,
    value: state.account(from).balance,
    inputLength: 0,
    input: () => new Uint8Array(0),
  };
}

/** The transaction's creation at an address that is taken. */
export function refusedCreation(machine: Machine, transaction: Transaction): TracedCall {
  return {
    depth: 0,
    kind: "CREATE",
    from: transaction.sender,
    to: bytesOfWord(machine.bytes, layout.RESULT_CREATED, 20),
    isPrecompile: false,
    gas: transaction.gasLimit,
    value: transaction.value,
    inputLength: transaction.data.length,
    input: (length) => transaction.data.slice(0, length),
  };
}

export function outcomeOf(
  machine: Machine,
  depth: number,
  gasUsed: bigint,
  error: string | undefined,
  isRevert: boolean,
  outputLength: number,
): TracedExit {
  const output = (): Uint8Array => machine.bytes.slice(layout.RETURN, layout.RETURN + outputLength);
  return { depth, gasUsed, error, isRevert, outputLength, output };
}
