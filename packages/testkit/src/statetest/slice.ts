import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { dirname } from "node:path";

/** Larger files take longer to read than their cases teach. */
const MAX_FILE_BYTES = 300_000;

function rank(file: string, root: string): string {
  return createHash("sha256").update(file.slice(root.length)).digest("hex");
}

/** A few files from each folder, the same at every time and place: `perFolder` by hash of their names below `root`. */
export function stratified(files: readonly string[], root: string, perFolder: number): string[] {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    if (statSync(file).size > MAX_FILE_BYTES) continue;
    const folder = dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return [...folders.values()].flatMap((list) =>
    list.sort((a, b) => (rank(a, root) < rank(b, root) ? -1 : 1)).slice(0, perFolder),
  );
}
