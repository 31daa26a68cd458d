import { existsSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

// Folders of a chain. A database is built as `state.part`, becomes `state.next` when all of it was verified and is
// durable, and then takes the place of `state`, which is deleted only when the new one stands there. Each step is one
// rename: whatever a crash leaves, `settleInstall` finishes it.

export function statePath(directory: string): string {
  return join(directory, "state");
}

export function unfinishedPath(directory: string): string {
  return join(directory, "state.part");
}

export function stagePath(directory: string): string {
  return join(directory, "stage");
}

function nextPath(directory: string): string {
  return join(directory, "state.next");
}

function oldPath(directory: string): string {
  return join(directory, "state.old");
}

/** The unfinished database was verified and synced: from now on it is the next one. */
export async function ready(directory: string): Promise<void> {
  await rm(nextPath(directory), { recursive: true, force: true });
  await rename(unfinishedPath(directory), nextPath(directory));
  await syncOne(directory);
}

/** Puts a database that is ready in the old one's place. Call it before the database is opened; mostly it does nothing. */
export async function settleInstall(directory: string): Promise<void> {
  const [state, next, old] = [statePath(directory), nextPath(directory), oldPath(directory)];
  if (existsSync(next)) {
    if (existsSync(state)) {
      // What stands under this name was replaced by what is `state` now.
      await rm(old, { recursive: true, force: true });
      await rename(state, old);
    }
    await rename(next, state);
    await syncOne(directory);
  }
  if (existsSync(state)) await rm(old, { recursive: true, force: true });
}

/** Makes the files of a folder and their names durable. */
export async function syncFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await syncOne(join(folder, name));
  await syncOne(folder);
}

async function syncOne(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
