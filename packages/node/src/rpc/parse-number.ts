import { kindOf, type Parsed, parseIndex } from "./hex.ts";

/** A whole number as tools for tests give them: a number, or a quantity. */
export function parseNumber(value: unknown): Parsed<number> {
  if (typeof value === "string") return parseIndex(value);
  if (typeof value !== "number") return { reason: `want a number or a hex string, got ${kindOf(value)}` };
  return Number.isSafeInteger(value) && value >= 0 ? { value } : { reason: "want a whole number, not negative" };
}
