import { existsSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FolderLayer } from "@tributary/protocol/ports/folder-layer";
import { diskFolder } from "./disk-folder.ts";

/** A directory on disk. */
export function diskFolders(directory: string): FolderLayer {
  const path = (name: string): string => join(directory, name);
  return {
    exists: (name) => existsSync(path(name)),
    files: (name) => diskFolder(path(name)),
    rename: (from, to) => rename(path(from), path(to)),
    async moveOut(name, to) {
      await rename(path(name), to);
      await syncOne(dirname(to));
    },
    remove: (name) => rm(path(name), { recursive: true, force: true }),
    sync: () => syncOne(directory),
    async syncFiles(name) {
      for (const file of await readdir(path(name))) await syncOne(join(path(name), file));
      await syncOne(path(name));
    },
  };
}

async function syncOne(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
