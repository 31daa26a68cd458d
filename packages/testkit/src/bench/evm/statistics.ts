/** Median, least and most of some measurements. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number };

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? upper) : upper;
  return {
    median: rounded((lower + upper) / 2),
    least: rounded(sorted[0] ?? Number.NaN),
    most: rounded(sorted[sorted.length - 1] ?? Number.NaN),
  };
}

/** Of a to b, round by round: what else the machine did in a round fell on both. */
export function ratios(a: readonly number[], b: readonly number[]): Spread {
  return spread(a.map((value, round) => value / (b[round] ?? Number.NaN)));
}
