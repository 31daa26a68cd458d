/** Runs contracts, and calls that change nothing. */
export type Engine = {
  readonly name: string;
  /** Creates a contract by a transaction of DEPLOYER with this nonce. Throws where that fails. */
  readonly deploy: (creationCode: Uint8Array, nonce: bigint) => Promise<void>;
  /** The call's output and the milliseconds that it took. Throws unless it succeeds. */
  readonly call: (to: Uint8Array, input: Uint8Array) => Promise<Timed>;
  readonly close: () => Promise<void>;
};

export type Timed = { readonly output: Uint8Array; readonly milliseconds: number };

export const DEPLOYER: Uint8Array = new Uint8Array(20).fill(0xde);
export const CHAIN_ID = 31337n;
/** Of one call, and of the block around it. */
export const CALL_GAS = 8_000_000_000n;
export const DEPLOY_GAS = 100_000_000n;
/** Wei: so that no engine lacks funds for anything. */
export const RICH: bigint = 10n ** 24n;
