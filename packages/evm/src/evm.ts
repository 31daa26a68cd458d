import { collectChanges } from "./changes.ts";
import { EvmError } from "./evm-error.ts";
import { Machine, type MachineHost } from "./machine.ts";
import { putBytesAsWord, wordAt } from "./memory-codec.ts";
import { layout } from "./memory-layout.ts";
import { readOutcome } from "./outcome.ts";
import { runPrecompile } from "./precompiles/run-precompile.ts";
import { listsLength, putBlock, putTransaction } from "./transaction-codec.ts";
import type {
  Account,
  BlockEnv,
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
  #machine: Machine;
  #host: MachineHost | undefined;

  private constructor(module: WebAssembly.Module, precompile: RunPrecompile) {
    this.#module = module;
    this.#precompile = precompile;
    this.#machine = this.#instantiate();
  }

  /** Ethereum's precompiles unless others are given. Throws EvmError where the WebAssembly is damaged. */
  static async create(precompile: RunPrecompile = runPrecompile): Promise<Evm> {
    return new Evm(await evmModule(), precompile);
  }

  #instantiate(): Machine {
    return new Machine(this.#module, () => this.#requireHost());
  }

  #requireHost(): MachineHost {
    if (this.#host === undefined) throw new EvmError("EVM_NO_BLOCK", "begin a block first");
    return this.#host;
  }

  /** Forgets the block before and begins one on the given state. */
  begin(block: BlockEnv, state: StateReader): void {
    this.#codes.clear();
    this.#host = { state, precompile: this.#precompile, fork: block.fork, codes: this.#codes };
    this.#machine.exports.resetBlock();
    putBlock(this.#machine.bytes, this.#machine.view, block);
  }

  /** Gas of the block's transactions so far. */
  get blockGasUsed(): bigint {
    return this.#machine.exports.blockGasUsed();
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
    const known = new Set(this.#codes.keys());
    const outcome = this.#run(transaction, free);
    for (const key of this.#codes.keys()) if (!known.has(key)) this.#codes.delete(key);
    return outcome;
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
    return this.#machine.exports.memory.buffer.byteLength;
  }

  /** An account as the block's transactions so far left it; one that does not exist has no nonce, balance or code. */
  account(address: Uint8Array): Account {
    this.#requireHost();
    const machine = this.#machine;
    putBytesAsWord(machine.bytes, layout.IO_VALUE, address);
    machine.exports.readAccount();
    return {
      nonce: machine.view.getBigUint64(layout.IO_NONCE, true),
      balance: wordAt(machine.view, layout.IO_BALANCE),
      codeHash: machine.bytes.slice(layout.IO_HASH, layout.IO_HASH + 32),
    };
  }

  /** The block's net changes. They stay visible until the next `begin`. */
  changes(): Changes {
    this.#requireHost();
    return collectChanges(this.#machine, this.#codes);
  }

  #run(transaction: Transaction, mode: number): Executed | Invalid {
    this.#requireHost();
    const fault = outOfRange(transaction);
    if (fault !== undefined) return { kind: "invalid", reason: fault };
    const machine = this.#machine;
    try {
      machine.exports.reserve(layout.MEMORY + listsLength(transaction));
      putTransaction(machine.bytes, machine.view, transaction, mode);
      const reason = machine.exports.execute();
      if (reason !== 0) return { kind: "invalid", reason: reasons[reason] ?? "invalid" };
      return readOutcome(machine, transaction.to === undefined);
    } catch (error) {
      // The instance stopped in the middle: nothing in its memory can be trusted.
      this.#host = undefined;
      this.#machine = this.#instantiate();
      if (!(error instanceof Error && error.name === "RuntimeError")) throw error;
      throw new EvmError("EVM_TRAP", `execution trapped: ${error.message}`, error);
    }
  }
}
