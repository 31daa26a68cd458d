/** How much waits in a pool. */
export type PoolStatus = {
  /** Executable now. */
  readonly pending: number;
  /** Behind a nonce gap. */
  readonly queued: number;
  readonly bytes: number;
};
