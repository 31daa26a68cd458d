export type EthereumErrorCode =
  /** The genesis file does not say what it has to. */
  | "genesis-file"
  /** The chain's file is not a sequence of blocks. */
  | "chain-file"
  /** A block breaks the rules, or its execution does not give the roots that its header states. */
  | "invalid-block";

export class EthereumError extends Error {
  readonly code: EthereumErrorCode;

  constructor(code: EthereumErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "EthereumError";
    this.code = code;
  }
}
