/** The machine was used wrongly, or reached a bound that no block's gas lets it reach. Operational: see `code`. */
export class EvmError extends Error {
  readonly code: "EVM_NO_BLOCK" | "EVM_TRAP";
  constructor(code: EvmError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "EvmError";
    this.code = code;
  }
}
