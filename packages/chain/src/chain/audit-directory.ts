import { existsSync } from "node:fs";
import { join } from "node:path";
import { equal } from "@tributary/protocol/bytes/bytes";
import { ChainError } from "../chain-error.ts";
import { BlockStore } from "../ledger/block-store.ts";
import { storedHead } from "../ledger/ledger.ts";
import { recomputeStateRoot, type StateAudit } from "../state/recompute-state-root.ts";
import { LevelStore } from "../store/level-store.ts";

export type DirectoryAudit = StateAudit & {
  readonly blockNumber: number;
  readonly blockHash: Uint8Array;
  /** State root in the header of the newest certified block. */
  readonly expected: Uint8Array;
  /** Root and codes are as they should be. */
  readonly ok: boolean;
};

/**
 * Checks a chain's folder that no process has open: is its state what the newest header commits to? ChainError where
 * there is no database, or it cannot be opened or read.
 */
export async function auditDirectory(directory: string, progress?: (entries: number) => void): Promise<DirectoryAudit> {
  const folder = join(directory, "state");
  // Opening a folder without a database would make one.
  if (!existsSync(folder)) throw new ChainError("store-damaged", `there is no database in ${folder}`);
  const store = await LevelStore.open(folder);
  try {
    const { hash, header } = storedHead(store, new BlockStore(store)).block;
    const audit = await recomputeStateRoot(store, progress);
    const ok = equal(audit.root, header.stateRoot) && audit.badCode.length === 0;
    return { ...audit, blockNumber: header.number, blockHash: hash, expected: header.stateRoot, ok };
  } finally {
    await store.close();
  }
}
