/** Eras count first, and each counts its epochs anew. */
export type TermName = { readonly era: number; readonly epoch: number };

/** Negative where `a` comes first. */
export function compareTerms(a: TermName, b: TermName): number {
  return a.era - b.era || a.epoch - b.epoch;
}
