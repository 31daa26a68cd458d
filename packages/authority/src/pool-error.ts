/** Stable codes of what the pool refuses or reports. */
export type PoolErrorCode =
  | "BAD_REQUEST"
  | "IDEMPOTENCY_CONFLICT"
  | "QUEUE_FULL"
  | "CLOSED"
  | "UNKNOWN_JOB"
  | "SIMULATION_REVERTED"
  | "REVERTED"
  | "REFUSED"
  | "EXPIRED"
  | "CANCELLED"
  | "WRONG_CHAIN"
  | "CHAIN_RESET"
  | "NO_SIGNER"
  | "STORE_IN_USE"
  | "LEASE_LOST"
  | "NO_SQLITE"
  | "STORE_NEWER";

export class PoolError extends Error {
  override readonly name = "PoolError";
  readonly code: PoolErrorCode;

  constructor(code: PoolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
