import { join } from "node:path";
import { equal } from "@tributary/protocol/bytes/bytes";
import { BlockStore } from "../ledger/block-store.ts";
import { storedHead } from "../ledger/ledger.ts";
import { recomputeStateRoot, type StateAudit } from "../state/recompute-state-root.ts";
import { LevelStore } from "../store/level-store.ts";

export type DirectoryAudit = StateAudit & {
  readonly blockNumber: number;
  /** State root in the header of the newest certified block. */
  readonly expected: Uint8Array;
  /** Root and codes are as they should be. */
  readonly ok: boolean;
};

/** Checks a chain's folder that no process has open: is its state what the newest header commits to? */
export async function auditDirectory(directory: string): Promise<DirectoryAudit> {
  const store = await LevelStore.open(join(directory, "state"));
  try {
    const { header } = storedHead(store, new BlockStore(store)).block;
    const audit = await recomputeStateRoot(store);
    const ok = equal(audit.root, header.stateRoot) && audit.badCode.length === 0;
    return { ...audit, blockNumber: header.number, expected: header.stateRoot, ok };
  } finally {
    await store.close();
  }
}
