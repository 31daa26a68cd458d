import type { Machine } from "../machine.ts";
import { bytesOfWord, wordAt } from "../memory-codec.ts";
import { frameOffsets, layout } from "../memory-layout.ts";
import type { Step } from "./tracer.ts";

/** The instruction that a machine is about to execute, read from its memory. */
export class StepView implements Step {
  readonly #machine: Machine;
  pc = 0;
  op = 0;
  gas = 0n;
  memorySize = 0;
  #frame = 0;
  #sp = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  set(frame: number, pc: number, op: number, gas: bigint, sp: number, memorySize: number): void {
    this.#frame = frame;
    this.pc = pc;
    this.op = op;
    this.gas = gas;
    this.#sp = sp;
    this.memorySize = memorySize;
  }

  #field(offset: number): number {
    return this.#machine.view.getUint32(this.#frame + offset, true);
  }

  get depth(): number {
    return (this.#frame - layout.FRAMES) / layout.FRAME_SIZE + 1;
  }

  get stackLength(): number {
    return (this.#field(frameOffsets.F_BASE) - this.#sp) / 32;
  }

  get codeLength(): number {
    return this.#field(frameOffsets.F_CODE_LENGTH);
  }

  stack(index: number): bigint {
    return wordAt(this.#machine.view, this.#sp + 32 * index);
  }

  memory(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    const start = this.#field(frameOffsets.F_MEMORY);
    const end = Math.min(this.memorySize, offset + length);
    if (offset < end) copy.set(this.#machine.bytes.subarray(start + offset, start + end));
    return copy;
  }

  get returnDataLength(): number {
    return this.#machine.exports.returnDataLength();
  }

  returnData(): Uint8Array {
    return this.#machine.bytes.slice(layout.RETURN, layout.RETURN + this.returnDataLength);
  }

  get address(): Uint8Array {
    return bytesOfWord(this.#machine.bytes, this.#field(frameOffsets.F_SELF), 20);
  }

  get refund(): bigint {
    return this.#machine.exports.refundNow();
  }
}
