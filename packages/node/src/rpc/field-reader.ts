import type { Parser } from "./params.ts";

/** Reads optional fields one after the other and remembers the first one that is wrong. */
export class FieldReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  reason: string | undefined;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  read<T>(name: string, parse: Parser<T>): T | undefined {
    const field = this.#fields[name];
    if (field === undefined || field === null || this.reason !== undefined) return undefined;
    const parsed = parse(field);
    if ("value" in parsed) return parsed.value;
    this.reason = `${name}: ${parsed.reason}`;
    return undefined;
  }
}

/** The fields that are there: an absent one is no field, not one that is undefined. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
