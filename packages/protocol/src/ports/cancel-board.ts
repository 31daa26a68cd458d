import type { HexHash } from "../consensus/types.ts";

/** A seat's share of the signature that cancels an opening, as its node shows it to the others: anybody can check it. */
export type CancelEntry = {
  readonly openingId: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly seat: number;
  /** 96 bytes. */
  readonly share: Uint8Array;
};

/** Where members show each other that they are back, before one of them submits the group's signature. */
export interface CancelBoard {
  /** Shows the own entry from now on; replaces an older one of the same chain. */
  publishCancel(chainId: bigint, entry: CancelEntry): void;
  withdrawCancel(chainId: bigint): void;
  /** What the node behind `rpc` shows for the chain; undefined when it shows nothing or is away. Unverified. */
  readCancel(rpc: string, chainId: bigint, signal: AbortSignal): Promise<CancelEntry | undefined>;
}
