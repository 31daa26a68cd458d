import { join } from "node:path";
import type { FolderLayer } from "@tributary/protocol/ports/folder-layer";
import type { KeyValueStore } from "../store/key-value-store.ts";
import type { StateFolders } from "./state-folders.ts";

// Folders of a chain. A database is built as `state.part`, becomes `state.next` when all of it was verified and is
// durable, and then takes the place of `state`, which is deleted only when the new one stands there. Each step is one
// rename: whatever a crash leaves, `openState` finishes it.

const STATE = "state";
const NEXT = "state.next";
const OLD = "state.old";
/** The database that is being built. */
export const UNFINISHED = "state.part";
/** Where large buckets wait. */
export const STAGE = "stage";

export function statePath(directory: string): string {
  return join(directory, STATE);
}

export function unfinishedPath(directory: string): string {
  return join(directory, UNFINISHED);
}

/** The unfinished database was verified and synced: from now on it is the next one. */
export async function ready(folders: FolderLayer): Promise<void> {
  if (folders.exists(NEXT)) {
    // Away in one step, since a part of it must not become `state`; it goes when the chain is opened.
    await folders.remove(OLD);
    await folders.rename(NEXT, OLD);
  }
  await folders.rename(UNFINISHED, NEXT);
  await folders.sync();
}

/** Opens the chain's database, or one that is ready in its place. Errors of `LevelStore.open`, and the system's. */
export async function openState(folders: StateFolders): Promise<KeyValueStore> {
  await settle(folders);
  return folders.open(STATE);
}

/** Puts a database that is ready in the old one's place; mostly it does nothing. */
async function settle(folders: FolderLayer): Promise<void> {
  if (folders.exists(NEXT)) {
    if (folders.exists(STATE)) {
      // What stands under this name was replaced by what is `state` now, or by the next one.
      await folders.remove(OLD);
      await folders.rename(STATE, OLD);
    }
    await folders.rename(NEXT, STATE);
    await folders.sync();
  }
  if (folders.exists(STATE)) await folders.remove(OLD);
}

/** Moves the database that another one is ready to replace out of the way, for who wants to look at it; else does nothing. */
export async function setReplacedAside(folders: FolderLayer, aside: string): Promise<void> {
  if (!folders.exists(NEXT) || !folders.exists(STATE)) return;
  await folders.moveOut(STATE, aside);
  await folders.sync();
}
