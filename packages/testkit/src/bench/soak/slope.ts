/** A straight line through measurements by least squares. */
export type Slope = {
  /** Of the first and of the last measurement. */
  readonly first: number;
  readonly last: number;
  /** Units an hour. */
  readonly perHour: number;
  /** Standard error of that, units an hour. */
  readonly error: number;
  /** Growth cannot be told from the measurements' own spread: two standard errors. */
  readonly flat: boolean;
};

export type Point = { readonly seconds: number; readonly value: number };

/** At least three points of different times. */
export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length;
  if (count < 3) throw new RangeError(`a slope needs three measurements, there are ${count}`);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / count;
  const x = mean(points.map(({ seconds }) => seconds));
  const y = mean(points.map(({ value }) => value));
  let xx = 0;
  let xy = 0;
  for (const { seconds, value } of points) {
    xx += (seconds - x) ** 2;
    xy += (seconds - x) * (value - y);
  }
  if (xx === 0) throw new RangeError("a slope needs measurements of different times");
  const slope = xy / xx;
  const rest = points.reduce((sum, { seconds, value }) => sum + (value - y - slope * (seconds - x)) ** 2, 0);
  const error = Math.sqrt(rest / (count - 2) / xx);
  const hour = (perSecond: number): number => Number((perSecond * 3_600).toPrecision(4));
  return {
    first: points[0]?.value ?? 0,
    last: points[count - 1]?.value ?? 0,
    perHour: hour(slope),
    error: hour(error),
    flat: slope - 2 * error <= 0,
  };
}
