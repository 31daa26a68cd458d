// The command line in a few files instead of 1,400 modules, whose loading is a third of a node's start. Made from the
// sources, used only as long as they are what it was made from; without it everything runs from the sources.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The checkout. */
export const root: string = fileURLToPath(new URL("../../../..", import.meta.url));
export const cache: string = join(root, "node_modules/.cache/tributary");
/** Names the bundle in use, and what it was made from. */
export const index: string = join(cache, "bundle.json");

/** A file by its path in the checkout, as it was: bytes and the milliseconds of its last change. */
export type Input = readonly [path: string, size: number, changed: number];
export type BundleIndex = { readonly folder: string; readonly inputs: readonly Input[] };

/** How a file is; a bundle that was made from others is not used. Throws where there is none. */
export function inputOf(path: string): Input {
  const { size, mtimeMs } = statSync(join(root, path));
  return [path, size, mtimeMs];
}

/** URL of the bundled `command-line.ts` if it was made from the present sources. */
export function bundledCommandLine(): string | undefined {
  try {
    const { folder, inputs } = JSON.parse(readFileSync(index, "utf8")) as BundleIndex;
    for (const [path, size, changed] of inputs) {
      const now = inputOf(path);
      if (now[1] !== size || now[2] !== changed) return undefined;
    }
    return pathToFileURL(join(cache, folder, "command-line.js")).href;
  } catch {
    return undefined;
  }
}
