/**
 * The machine was used wrongly, reached a bound that no block's gas lets it reach, or its files are damaged.
 * Operational: see `code`.
 */
export class EvmError extends Error {
  readonly code: "EVM_NO_BLOCK" | "EVM_TRAP" | "EVM_DAMAGED";
  constructor(code: EvmError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "EvmError";
    this.code = code;
  }
}
