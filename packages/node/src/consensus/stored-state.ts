import type { Height, HexHash } from "@tributary/protocol/consensus/types";
import type { Inherited } from "./member-config.ts";

/**
 * Throws where what is on disk is not what the mainchain recorded of the eras before. `committed`: height of the state;
 * `hashAt`: hash of a stored container.
 */
export function requireRecord(
  { finalHeight, finalHash, orderHeight }: Inherited,
  committed: Height,
  hashAt: (height: Height) => HexHash | undefined,
): void {
  if (committed > orderHeight) throw new EraDiverged(orderHeight);
  if (finalHeight === 0 || committed < finalHeight) return;
  if (hashAt(finalHeight) !== finalHash) throw new EraDiverged(finalHeight);
}

/** The executor holds a height whose container is not in the store. */
export class StoreDamaged extends Error {
  readonly code = "store-damaged";
  readonly height: Height;

  constructor(height: Height) {
    super(`the state stands at height ${height}, whose container is missing`);
    this.height = height;
  }
}

/**
 * What this member holds is not what the mainchain recorded of an era that ended: its state has to go, and comes back
 * with a snapshot of the others'. consensus.md 8, 15.
 */
export class EraDiverged extends Error {
  readonly code = "era-diverged";
  readonly height: Height;

  constructor(height: Height) {
    super(`what is here at height ${height} is not what the mainchain recorded of the era that ended`);
    this.height = height;
  }
}
