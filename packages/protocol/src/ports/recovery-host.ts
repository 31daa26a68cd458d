import type { HexHash } from "../consensus/types.ts";

/** Where an era that a Recovery began starts from: the record of what was claimed when it closed. consensus.md 15. */
export type EraBeginning = {
  /** h_f: the era before is over with this height; its FINALs above it count no more. 0 where it made nothing final. */
  readonly finalHeight: number;
  /** Hash of container header h_f. */
  readonly finalHash: HexHash;
  /** h_o >= h_f: agreement goes on above it. What lies between is executed again and signed under the new key. */
  readonly orderHeight: number;
  /** D(h_o). */
  readonly order: HexHash;
};

/** A container header with F, as the contract takes it. */
export type FinalClaim = {
  readonly height: number;
  /** Era of the key that signed. */
  readonly era: number;
  /** Encoded header. */
  readonly container: Uint8Array;
  /** 96 bytes. */
  readonly certificate: Uint8Array;
};

/** An order with O, as the contract takes it. */
export type OrderClaim = {
  readonly height: number;
  readonly era: number;
  readonly epoch: number;
  /** What D(h) hashes behind its slot. */
  readonly content: Uint8Array;
  /** 96 bytes. */
  readonly certificate: Uint8Array;
};

/** What a Recovery asks of the members of this node. */
export interface RecoveryHost {
  /** Signs nothing more in the era; idempotent, told again after each start. */
  freeze(chainId: bigint, opening: { readonly openingId: HexHash; readonly era: number }): Promise<void>;
  /** The opening was cancelled: the era goes on. */
  thaw(chainId: bigint, openingId: HexHash): Promise<void>;
  /** The highest that this node holds, certified under `era`, bodies included; undefined fields where there is none. */
  claims(chainId: bigint, era: number): Promise<{ readonly final?: FinalClaim; readonly order?: OrderClaim }>;
  /** Whether q members of the committee in charge, this one included, answer right now. */
  quorate(chainId: bigint): boolean;
}
