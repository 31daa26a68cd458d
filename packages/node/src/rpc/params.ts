import type { Parsed } from "./hex.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

export type Parser<T> = (value: unknown) => Parsed<T>;

/** Reads positional arguments strictly, with geth's words for what is wrong. */
export class Params {
  readonly #values: readonly unknown[];
  #at = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  /** The next argument, which must be there. */
  next<T>(parse: Parser<T>): T {
    const value = this.#values[this.#at];
    if (value === undefined || value === null) {
      throw new RpcError(RPC_CODE.invalidParams, `missing value for required argument ${this.#at}`);
    }
    return this.#parsed(value, parse);
  }

  /** The next argument, or `fallback` where it is absent or null. */
  nextOr<T, F>(parse: Parser<T>, fallback: F): T | F {
    const value = this.#values[this.#at];
    if (value === undefined || value === null) {
      this.#at++;
      return fallback;
    }
    return this.#parsed(value, parse);
  }

  /** Call after the last argument: more than the method takes is an error. */
  end(): void {
    if (this.#values.length > this.#at) {
      throw new RpcError(RPC_CODE.invalidParams, `too many arguments, want at most ${this.#at}`);
    }
  }

  #parsed<T>(value: unknown, parse: Parser<T>): T {
    const parsed = parse(value);
    if ("reason" in parsed)
      throw new RpcError(RPC_CODE.invalidParams, `invalid argument ${this.#at}: ${parsed.reason}`);
    this.#at++;
    return parsed.value;
  }
}
