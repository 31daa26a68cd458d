import { join } from "node:path";
import type { FolderLayer } from "@tributary/protocol/ports/folder-layer";
import { diskFolders } from "../files/disk-folders.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { LevelStore } from "../store/level-store.ts";

/** Folders of a chain, among them its databases. */
export interface StateFolders extends FolderLayer {
  /** Opens or creates the database of that name, as `LevelStore.open` does. */
  open(name: string, writeBufferBytes?: number): Promise<KeyValueStore>;
}

export function diskStates(directory: string): StateFolders {
  return {
    ...diskFolders(directory),
    open: (name, writeBufferBytes) => LevelStore.open(join(directory, name), writeBufferBytes),
  };
}
