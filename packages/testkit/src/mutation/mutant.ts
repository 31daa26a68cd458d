/** A fault as a patch of shipped source: `find` must occur exactly once in `file` (below packages/). */
export type Mutant = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
};
