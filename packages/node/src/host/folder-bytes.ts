import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of all files below a folder; files that vanish meanwhile count nothing. */
export async function folderBytes(folder: string): Promise<number> {
  let names: string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch {
    return 0;
  }
  let bytes = 0;
  for (const name of names) {
    try {
      const entry = await stat(join(folder, name));
      if (entry.isFile()) bytes += entry.size;
    } catch {
      // Compaction and rotation remove files while we look.
    }
  }
  return bytes;
}
