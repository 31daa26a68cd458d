import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutant.ts";

export class MutantError extends Error {
  readonly code: "MUTANT_DOES_NOT_APPLY" | "MUTANT_NOT_LOADED";

  constructor(code: "MUTANT_DOES_NOT_APPLY" | "MUTANT_NOT_LOADED", mutant: Mutant) {
    super(`${code}: ${mutant.name} (${mutant.file})`);
    this.name = "MutantError";
    this.code = code;
  }
}

/**
 * Patches the mutant's file when this process loads it: call it in a fresh process, before the first import of the code
 * under test. The returned function throws where the patch was never used.
 */
export function plant(mutant: Mutant): () => void {
  let planted = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.startsWith("file:") || !fileURLToPath(url).endsWith(`/packages/${mutant.file}`)) return loaded;
      const source = loaded.source === null || loaded.source === undefined ? "" : text(loaded.source);
      if (source.split(mutant.find).length !== 2) throw new MutantError("MUTANT_DOES_NOT_APPLY", mutant);
      planted = true;
      return { ...loaded, source: source.replace(mutant.find, () => mutant.replace) };
    },
  });
  return () => {
    if (!planted) throw new MutantError("MUTANT_NOT_LOADED", mutant);
  };
}

function text(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === "string" ? source : new TextDecoder().decode(new Uint8Array(source as ArrayBuffer));
}
