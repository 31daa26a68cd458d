import { collectChanges } from "./changes.ts";
import { EvmError } from "./evm-error.ts";
import { Machine, type MachineHost } from "./machine.ts";
import { layout } from "./memory-layout.ts";
import { readOutcome } from "./outcome.ts";
import { runPrecompile } from "./precompiles/run-precompile.ts";
import { readAccount } from "./read-account.ts";
import { readSlot } from "./read-slot.ts";
import { TraceDriver } from "./tracers/trace-driver.ts";
import type { Tracer } from "./tracers/tracer.ts";
import { listsLength, putBlock, putTransaction } from "./transaction-codec.ts";
import type {
  Account,
  BlockEnv,
  CallGuard,
  Changes,
  Executed,
  Invalid,
  RunPrecompile,
  StateReader,
  Transaction,
} from "./types.ts";
import { evmModule } from "./wasm.ts";

/** Bits of TX_MODE. */
const free = 1;
const keep = 2;
const system = 4;

const reasons: Readonly<Record<number, string>> = {
  1: "nonce too low",
  2: "nonce too high",
  3: "nonce has its largest value",
  4: "sender has code (EIP-3607)",
  5: "gas limit below the intrinsic gas",
  6: "gas limit above the cap of a transaction (EIP-7825)",
  7: "insufficient funds",
  8: "max fee below the base fee",
  9: "priority fee above the max fee",
  10: "init code too long (EIP-3860)",
  11: "blob fee below the blob base fee",
  12: "no blobs",
  13: "too many blobs",
  14: "blob hash of an unknown version",
  15: "type cannot create a contract",
  16: "no authorizations",
  17: "gas limit above what the block has left",
  18: "type unknown to the fork",
};

const largest64 = (1n << 64n) - 1n;
const largest256 = (1n << 256n) - 1n;

/** Bytes of an instance's memory at which it is not taken for another block: the system never gets them back. */
const KEPT_BYTES = layout.MEMORY + 0x400_0000;

/** Whether the engine stopped the code: a trap, or the stack ran out. Anything else was thrown by the host. */
function isTrap(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return error.name === "RuntimeError" || (error instanceof RangeError && error.message.includes("call stack"));
}

/** A number that no field of a valid transaction can have: the module would see only its low bits. */
function outOfRange(transaction: Transaction): string | undefined {
  const { nonce, gasLimit, value, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas } = transaction;
  if (nonce < 0n || nonce > largest64) return "nonce out of range";
  if (gasLimit < 0n || gasLimit > largest64) return "gas limit out of range";
  const amounts = [value, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas];
  return amounts.some((amount) => amount < 0n || amount > largest256) ? "amount out of range" : undefined;
}

/**
 * Executes the transactions of one block after another, synchronously. Their changes stay inside, visible to the next
 * transaction, until `changes` hands them out.
 */
export class Evm {
  readonly #module: WebAssembly.Module;
  readonly #precompile: RunPrecompile;
  readonly #codes = new Map<string, Uint8Array>();
  #running: { readonly machine: Machine; readonly host: MachineHost } | undefined;

  private constructor(module: WebAssembly.Module, precompile: RunPrecompile) {
    this.#module = module;
    this.#precompile = precompile;
  }

  /** Ethereum's precompiles unless others are given. Throws EvmError where the WebAssembly is damaged. */
  static async create(precompile: RunPrecompile = runPrecompile): Promise<Evm> {
    return new Evm(await evmModule(), precompile);
  }

  #instantiate(): Machine {
    try {
      return new Machine(this.#module, () => this.#require().host);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new EvmError("EVM_MEMORY", "the system has no memory for an instance", error);
    }
  }

  #require(): { readonly machine: Machine; readonly host: MachineHost } {
    if (this.#running === undefined) throw new EvmError("EVM_NO_BLOCK", "begin a block first");
    return this.#running;
  }

  /** Forgets the block before and begins one on the given state. Throws EvmError. */
  begin(block: BlockEnv, state: StateReader): void {
    this.#codes.clear();
    const used = this.#running?.machine;
    this.#running = undefined;
    const machine = used !== undefined && used.bytes.length <= KEPT_BYTES ? used : this.#instantiate();
    machine.exports.resetBlock();
    machine.setGuard(undefined);
    putBlock(machine.bytes, machine.view, block);
    const moved = block.precompiles ?? [];
    const host = {
      state,
      precompile: this.#precompile,
      fork: block.fork,
      moved,
      codes: this.#codes,
      hashes: new Map(),
    };
    this.#running = { machine, host };
  }

  /** Whom the next transactions and calls of this block have to ask; undefined for nobody, as at its beginning. */
  guard(guard: CallGuard | undefined): void {
    this.#require().machine.setGuard(guard);
  }

  /** Gas of the block's transactions so far. */
  get blockGasUsed(): bigint {
    return this.#require().machine.exports.blockGasUsed();
  }

  /**
   * Executes the block's next transaction. Throws what the state reader throws, or EvmError: then the block's changes
   * are lost, and it has to begin again.
   */
  execute(transaction: Transaction): Executed | Invalid {
    return this.#run(transaction, 0);
  }

  /** A call on the state as it stands, without fee and nonce; what it changes is forgotten. Throws as `execute`. */
  call(transaction: Transaction): Executed | Invalid {
    return this.#forgettingCodes(() => this.#run(transaction, free));
  }

  #forgettingCodes<T>(run: () => T): T {
    const known = new Set(this.#codes.keys());
    const outcome = run();
    for (const key of this.#codes.keys()) if (!known.has(key)) this.#codes.delete(key);
    return outcome;
  }

  /**
   * Executes the block's next transaction as `execute` does, watched. Throws what `execute` throws, and what the tracer
   * throws: after both the block has to begin again.
   */
  trace(transaction: Transaction, tracer: Tracer): Executed | Invalid {
    return this.#traced(transaction, 0, tracer);
  }

  /** A call as `call` makes it, watched. Throws as `trace`. */
  traceCall(transaction: Transaction, tracer: Tracer): Executed | Invalid {
    return this.#forgettingCodes(() => this.#traced(transaction, free, tracer));
  }

  /**
   * A call as `call` makes it whose changes stay, watched where a tracer is given. The nonce of a sender that creates
   * nothing stays what it was. Throws as `trace`.
   */
  apply(transaction: Transaction, tracer?: Tracer): Executed | Invalid {
    const mode = free | keep;
    return tracer === undefined ? this.#run(transaction, mode) : this.#traced(transaction, mode, tracer);
  }

  #traced(transaction: Transaction, mode: number, tracer: Tracer): Executed | Invalid {
    const { machine, host } = this.#require();
    const driver = new TraceDriver(machine, host, transaction, tracer, mode === free);
    machine.setTrace(driver);
    try {
      const outcome = this.#run(transaction, mode, driver);
      if (outcome.kind === "executed") this.#guard(() => driver.end(outcome));
      return outcome;
    } finally {
      machine.setTrace(undefined);
    }
  }

  /** A call by the protocol itself (EIP-4788, EIP-2935): without fee, nonce and intrinsic gas. Throws as `execute`. */
  systemCall(transaction: Transaction): Executed | Invalid {
    return this.#run(transaction, free | keep | system);
  }

  /**
   * The least gas limit, at most `transaction.gasLimit`, with which the call succeeds; undefined if it fails with all of
   * it. Throws as `execute`.
   */
  estimateGas(transaction: Transaction): bigint | undefined {
    const succeeds = (gasLimit: bigint): bigint | undefined => {
      const outcome = this.call({ ...transaction, gasLimit });
      return outcome.kind === "executed" && outcome.status === "success" ? outcome.gasUsed : undefined;
    };
    const used = succeeds(transaction.gasLimit);
    if (used === undefined) return undefined;
    let failing = used - 1n;
    let enough = transaction.gasLimit;
    // Most calls need what they use, or little more for the 64th that each call keeps back.
    for (const guess of [used, (used * 64n) / 63n + 2300n]) {
      if (guess >= enough) break;
      if (succeeds(guess) === undefined) failing = guess;
      else {
        enough = guess;
        break;
      }
    }
    while (failing + 1n < enough) {
      const middle = (failing + enough) / 2n;
      if (succeeds(middle) === undefined) failing = middle;
      else enough = middle;
    }
    return enough;
  }

  /** Size of the linear memory. Address space: the system backs what was touched. */
  get memoryBytes(): number {
    return this.#require().machine.bytes.length;
  }

  /**
   * An account as the block's transactions so far left it; one that does not exist has no nonce, balance or code. Throws
   * as `execute`.
   */
  account(address: Uint8Array): Account {
    return this.#guard((machine) => readAccount(machine, address));
  }

  /** A slot as the block's transactions so far left it, 32 bytes. Throws as `execute`. */
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    return this.#guard((machine) => readSlot(machine, address, slot));
  }

  /** The block's net changes. They stay visible until the next `begin`. */
  changes(): Changes {
    return collectChanges(this.#require().machine, this.#codes);
  }

  #run(transaction: Transaction, mode: number, driver?: TraceDriver): Executed | Invalid {
    this.#require();
    const fault = outOfRange(transaction);
    if (fault !== undefined) return { kind: "invalid", reason: fault };
    return this.#guard((machine) => {
      driver?.begin();
      machine.exports.reserve(layout.MEMORY + listsLength(transaction));
      putTransaction(machine.bytes, machine.view, transaction, mode);
      const reason = machine.exports.execute();
      if (reason !== 0) return { kind: "invalid", reason: reasons[reason] ?? "invalid" };
      return readOutcome(machine, transaction.to === undefined);
    });
  }

  /** Gives up the block and its instance if `work` throws: nothing in a memory left in the middle can be trusted. */
  #guard<T>(work: (machine: Machine) => T): T {
    const { machine } = this.#require();
    try {
      return work(machine);
    } catch (error) {
      this.#running = undefined;
      throw isTrap(error) ? new EvmError("EVM_TRAP", `execution trapped: ${error.message}`, error) : error;
    }
  }
}
