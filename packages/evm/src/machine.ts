import { randomFillSync } from "node:crypto";
import { EvmError } from "./evm-error.ts";
import { bytesOfWord, putWord } from "./memory-codec.ts";
import { layout, offsets } from "./memory-layout.ts";
import type { BlockEnv, CallGuard, Fork, PrecompileResult, RunPrecompile, StateReader } from "./types.ts";

type Exports = {
  readonly memory: WebAssembly.Memory;
  start(): void;
  resetBlock(): void;
  execute(): number;
  reserve(end: number): void;
  setTracing(on: number): void;
  setGuarded(on: number): void;
  firstAccountOfBlock(): number;
  blockGasUsed(): bigint;
  readAccount(): void;
  readSlot(): number;
  isWarmAccount(): number;
  refundNow(): bigint;
  returnDataLength(): number;
};

/** Called while a transaction is traced: assembly/host.ts says what each is. */
export interface MachineTrace {
  step(frame: number, pc: number, op: number, gas: bigint, sp: number, memorySize: number): void;
  fault(status: number): void;
  enter(frame: number, depth: number): void;
  exit(depth: number, status: number, gasLeft: bigint, outputLength: number): void;
}

/** Functions of assembly/host.ts. */
type HostImports = Readonly<Record<string, (...numbers: never[]) => number | bigint | undefined>>;

/** What the instance asks for while it runs. */
export type MachineHost = {
  readonly state: StateReader;
  readonly precompile: RunPrecompile;
  readonly fork: Fork;
  /** See BlockEnv. */
  readonly moved: NonNullable<BlockEnv["precompiles"]>;
  /** Codes created in this block, by hash (see `codeKey`). */
  readonly codes: Map<string, Uint8Array>;
  /** Block hashes that were asked for in this block, by number: the last 256 at most. */
  readonly hashes: Map<bigint, Uint8Array | undefined>;
};

/** BLOCKHASH costs far less gas than a look into a store takes time. */
function blockHash({ state, hashes }: MachineHost, number: bigint): Uint8Array | undefined {
  if (!hashes.has(number)) hashes.set(number, state.blockHash(BigInt.asUintN(64, number)));
  return hashes.get(number);
}

/** Bytes of output that a precompile may give: more would cost more gas than any block has. */
const LONGEST_OUTPUT = 0x400_0000;

export function codeKey(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString("latin1");
}

/** One instance of the WebAssembly and views of its memory. */
export class Machine {
  readonly exports: Exports;
  #bytes: Uint8Array;
  #view: DataView;
  #trace: MachineTrace | undefined;
  #guard: CallGuard | undefined;

  constructor(module: WebAssembly.Module, host: () => MachineHost) {
    const imports = { env: { abort: abortUnreachable }, host: this.#imports(host) };
    this.exports = new WebAssembly.Instance(module, imports).exports as unknown as Exports;
    this.#bytes = new Uint8Array(this.exports.memory.buffer);
    this.#view = new DataView(this.exports.memory.buffer);
    // Secret, so that nobody can choose keys that collide in the hash tables; results do not depend on it.
    randomFillSync(this.#bytes, layout.SEEDS, 128);
    this.exports.start();
  }

  /** Memory may grow during every call into the instance: ask again after each. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.exports.memory.buffer) this.#bytes = new Uint8Array(this.exports.memory.buffer);
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#view.buffer !== this.exports.memory.buffer) this.#view = new DataView(this.exports.memory.buffer);
    return this.#view;
  }

  #runPrecompile({ precompile, fork }: MachineHost, id: number, input: Uint8Array, gas: bigint): PrecompileResult {
    let result: PrecompileResult;
    try {
      result = precompile(id, input, gas, fork);
    } catch (error) {
      throw new EvmError("EVM_PRECOMPILE", `precompile ${id} threw`, error);
    }
    if (result.output.length <= LONGEST_OUTPUT) return result;
    throw new EvmError("EVM_PRECOMPILE", `precompile ${id} gave ${result.output.length} bytes`);
  }

  /** From the next transaction on; undefined for none. */
  setTrace(trace: MachineTrace | undefined): void {
    this.#trace = trace;
    this.exports.setTracing(trace === undefined ? 0 : 1);
  }

  /** From now on; undefined for none. */
  setGuard(guard: CallGuard | undefined): void {
    this.#guard = guard;
    this.exports.setGuarded(guard === undefined ? 0 : 1);
  }

  #addressOf(record: number): Uint8Array {
    return bytesOfWord(this.bytes, record + offsets.A_ADDRESS, 20);
  }

  #guardImports(): HostImports {
    return {
      mayCall: (caller: number, target: number, code: number, from: number, length: number, depth: number): number => {
        const permitted = this.#guard?.mayCall({
          caller: this.#addressOf(caller),
          target: this.#addressOf(target),
          code: code === 0 ? undefined : this.#addressOf(code),
          selector: this.bytes.slice(from, from + Math.min(length, 4)),
          depth,
        });
        return permitted === false ? 0 : 1;
      },
      mayCreate: (creator: number): number => (this.#guard?.mayCreate(this.#addressOf(creator)) === false ? 0 : 1),
    };
  }

  #imports(host: () => MachineHost): HostImports {
    const address = (): Uint8Array => this.bytes.slice(layout.IO_ADDRESS, layout.IO_ADDRESS + 20);
    return {
      account: (): number => {
        const found = host().state.account(address());
        if (found === undefined) return 0;
        this.view.setBigUint64(layout.IO_NONCE, found.nonce, true);
        putWord(this.view, layout.IO_BALANCE, found.balance);
        this.bytes.set(found.codeHash, layout.IO_HASH);
        return 1;
      },
      storage: (): number => {
        const slot = this.bytes.slice(layout.IO_SLOT, layout.IO_SLOT + 32);
        const found = host().state.storage(address(), slot);
        if (found === undefined) return 0;
        this.bytes.set(found, layout.IO_VALUE);
        return 1;
      },
      hasStorage: (): number => (host().state.hasStorage?.(address()) ? 1 : 0),
      code: (hashAt: number, to: number, room: number): number => {
        const hash = this.bytes.slice(hashAt, hashAt + 32);
        const code = host().codes.get(codeKey(hash)) ?? host().state.code(hash);
        if (code.length <= room) this.bytes.set(code, to);
        return code.length;
      },
      storeCode: (hashAt: number, from: number, length: number): undefined => {
        host().codes.set(codeKey(this.bytes.subarray(hashAt, hashAt + 32)), this.bytes.slice(from, from + length));
      },
      blockHash: (number: bigint): number => {
        const found = blockHash(host(), number);
        if (found === undefined) return 0;
        this.bytes.set(found, layout.IO_VALUE);
        return 1;
      },
      precompile: (id: number, from: number, length: number, gas: bigint): bigint => {
        const { ok, gasUsed, output } = this.#runPrecompile(host(), id, this.bytes.slice(from, from + length), gas);
        if (!ok || gasUsed > gas) return -1n;
        this.bytes.set(output, layout.RETURN);
        this.view.setUint32(layout.IO_LENGTH, output.length, true);
        return gasUsed;
      },
      ...this.#guardImports(),
      ...this.#traceImports(),
    };
  }

  #traceImports(): HostImports {
    return {
      traceStep: (frame: number, pc: number, op: number, gas: bigint, sp: number, size: number): undefined => {
        this.#trace?.step(frame, pc, op, gas, sp, size);
      },
      traceFault: (status: number): undefined => {
        this.#trace?.fault(status);
      },
      traceEnter: (frame: number, depth: number): undefined => {
        this.#trace?.enter(frame, depth);
      },
      traceExit: (depth: number, status: number, gasLeft: bigint, outputLength: number): undefined => {
        this.#trace?.exit(depth, status, gasLeft, outputLength);
      },
    };
  }
}

function abortUnreachable(): never {
  throw new EvmError("EVM_TRAP", "the EVM's WebAssembly aborted");
}
