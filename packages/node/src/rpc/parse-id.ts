import { kindOf, type Parsed } from "./hex.ts";

/** The id of a filter or subscription as this server gave it, or as another one would: looked up, not interpreted. */
export function parseId(value: unknown): Parsed<string> {
  if (typeof value !== "string") return { reason: `want an id, got ${kindOf(value)}` };
  return value.length <= 66 ? { value } : { reason: "id too long" };
}
