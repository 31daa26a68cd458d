import { EMPTY_CODE_HASH } from "../empty-code.ts";
import { codeKey, type Machine, type MachineHost } from "../machine.ts";
import { putBytesAsWord, putWord, wordAt } from "../memory-codec.ts";
import { layout } from "../memory-layout.ts";
import { readAccount } from "../read-account.ts";
import type { Account } from "../types.ts";
import type { TraceState } from "./tracer.ts";

export type Slot = { readonly value: bigint; readonly original: bigint; readonly isWarm: boolean };

/** The state inside a machine, also while it executes. */
export class MachineState implements TraceState {
  readonly #machine: Machine;
  readonly #host: MachineHost;

  constructor(machine: Machine, host: MachineHost) {
    this.#machine = machine;
    this.#host = host;
  }

  account(address: Uint8Array): Account {
    return readAccount(this.#machine, address);
  }

  code({ codeHash }: Account): Uint8Array {
    if (Buffer.compare(codeHash, EMPTY_CODE_HASH) === 0) return new Uint8Array(0);
    return this.#host.codes.get(codeKey(codeHash)) ?? this.#host.state.code(codeHash);
  }

  storage(address: Uint8Array, slot: bigint): bigint {
    return this.slot(address, slot).value;
  }

  slot(address: Uint8Array, slot: bigint): Slot {
    const machine = this.#machine;
    putBytesAsWord(machine.bytes, layout.IO_VALUE, address);
    putWord(machine.view, layout.IO_SLOT, slot);
    const isWarm = machine.exports.readSlot() !== 0;
    return { value: wordAt(machine.view, layout.IO_VALUE), original: wordAt(machine.view, layout.IO_HASH), isWarm };
  }

  isWarm(address: Uint8Array): boolean {
    putBytesAsWord(this.#machine.bytes, layout.IO_VALUE, address);
    return this.#machine.exports.isWarmAccount() !== 0;
  }
}
