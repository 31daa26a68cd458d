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
