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

/** The highest that a node holds, certified, bodies included; undefined fields where there is none. */
export type RecoveryClaims = {
  /** Under the key of the era that is recovered from. */
  readonly final?: FinalClaim;
  readonly order?: OrderClaim;
  /**
   * Only where the orders or bodies that the era took over are not all here: the highest order of these, under its own
   * era's key, up to which they are.
   */
  readonly lacking?: { readonly upTo?: OrderClaim };
};

/** What a Recovery asks of the members of this node. */
export interface RecoveryHost {
  /** Signs nothing more in the era; idempotent, told again after each start. */
  freeze(chainId: bigint, opening: { readonly openingId: HexHash; readonly era: number }): Promise<void>;
  /** These openings of the era were cancelled, and none is open: it goes on. Ascending. */
  thaw(chainId: bigint, cancelled: { readonly openingIds: readonly HexHash[]; readonly era: number }): Promise<void>;
  /** What this node can post in a Recovery of `era`: certified under it or, at the border of one by schedule, under the one before. */
  claims(chainId: bigint, era: number): Promise<RecoveryClaims>;
  /** Whether q members of the committee in charge, this one included, answer right now. */
  quorate(chainId: bigint): boolean;
}
