/**
 * What execution itself cannot answer. Operational: see `code`. None says anything about the transaction, and another
 * machine may well go on: a member that meets one in a block must stop.
 *
 * - EVM_NO_BLOCK: no block was begun, or the one that was has failed;
 * - EVM_TRAP: the engine stopped the code: a bound that no block's gas lets it reach, or a bug;
 * - EVM_PRECOMPILE: a precompile threw;
 * - EVM_MEMORY: the system gave no memory;
 * - EVM_DAMAGED: the package's files are not those that were packed.
 */
export class EvmError extends Error {
  readonly code: "EVM_NO_BLOCK" | "EVM_TRAP" | "EVM_PRECOMPILE" | "EVM_MEMORY" | "EVM_DAMAGED";
  constructor(code: EvmError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "EvmError";
    this.code = code;
  }
}
