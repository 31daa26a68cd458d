/** How a member divides a chain's gas among those who ask for it, beyond the lanes' shares. */
export type GaslessSettings = {
  /** Seconds of the chain's time after which an account that was used has history. */
  readonly historySeconds: number;
  /** Gas that an account's debt shrinks by in a second. */
  readonly creditPerSecond: number;
  /** Seconds of credit that an account saves up at most: what it used before counts no longer. */
  readonly creditSeconds: number;
  /** Hashes that a proof of work must show for each gas of its transaction's limit, at no load. */
  readonly hashesPerGas: number;
  /** Seconds of the chain's time that a block is recent for. */
  readonly proofSeconds: number;
};

/** A transfer's proof takes some 15 ms in a browser. */
export const DEFAULT_GASLESS: GaslessSettings = {
  historySeconds: 600,
  creditPerSecond: 500_000,
  creditSeconds: 60,
  hashesPerGas: 1,
  proofSeconds: 120,
};

/** What a client needs to know for a proof of work. */
export type GaslessTerms = {
  /** Hashes for each gas that a proof must show here now. */
  readonly hashesPerGas: number;
  readonly proofSeconds: number;
  /** Whether a transaction without history or a proof finds room here, and not many before it. */
  readonly room: boolean;
};
