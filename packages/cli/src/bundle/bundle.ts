// The command line in a few files instead of 1,400 modules, whose loading is a third of a node's start. Made from the
// sources, used only as long as they are what it was made from; without it everything runs from the sources.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const checkout: string = fileURLToPath(new URL("../../../..", import.meta.url));
/** Of a checkout: compiled code and bundles. */
export const CACHE = "node_modules/.cache/tributary";
/** Of the cache: names the bundle in use, and what it was made from. */
export const INDEX = "bundle.json";

/** A file by its path in the checkout, as it was: bytes, and milliseconds since 1970 at its last change. */
type Seen = readonly [path: string, size: number, changed: number];
/** `seen`: sources, what is installed, and the bundle's own files. */
export type BundleIndex = { readonly folder: string; readonly seen: readonly Seen[] };

/** Throws where there is no such file. */
export function seenFile(root: string, path: string): Seen {
  const { size, mtimeMs } = statSync(join(root, path));
  return [path, size, mtimeMs];
}

/** URL of the bundled `command-line.ts` if it is whole and was made from what is there now. */
export function bundledCommandLine(root: string = checkout): string | undefined {
  try {
    const { folder, seen } = JSON.parse(readFileSync(join(root, CACHE, INDEX), "utf8")) as BundleIndex;
    for (const [path, size, changed] of seen) {
      const now = seenFile(root, path);
      if (now[1] !== size || now[2] !== changed) return undefined;
    }
    return pathToFileURL(join(root, CACHE, folder, "command-line.js")).href;
  } catch {
    return undefined;
  }
}
