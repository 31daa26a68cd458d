/** What can go wrong with a chain's data or with a question about it. Callers branch on the code, never on the text. */
export type ChainErrorCode =
  /** The folder holds another on-disk format. */
  | "store-format"
  /** The database cannot be opened or read: damaged files, or a record that does not decode. */
  | "store-damaged"
  /** The disk is full; nothing that was there is lost. */
  | "store-full"
  /** Another process (or another part of this one) has the folder open. */
  | "store-locked"
  /** The folder holds a chain with another genesis. */
  | "genesis-mismatch"
  /** State of that block is no longer (or not yet) held. */
  | "state-pruned"
  /** The question is about blocks before the earliest that is held. */
  | "history-pruned"
  /** No such block. */
  | "unknown-block"
  /** A block was executed by rules that this version does not know. */
  | "unknown-fork"
  /** A call or simulation wants accounts overridden in a way that makes no sense. */
  | "bad-override"
  /** A log query over too many blocks or with too many results. */
  | "limit-exceeded"
  /** Too much of that kind is under way: try again. */
  | "busy"
  /** The pool's log cannot be written or read. */
  | "pool-log"
  /** A snapshot could not be taken over: the disk refused, or does not hold what was verified. The old state is whole. */
  | "snapshot-failed"
  | "closed";

/** An operational failure of the chain room. */
export class ChainError extends Error {
  readonly code: ChainErrorCode;

  constructor(code: ChainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ChainError";
    this.code = code;
  }
}
