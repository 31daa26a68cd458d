import type { BatchDBOp, DB } from "@ethereumjs/util";

/** A database whose writes stay in memory and leave the one below untouched. */
export class OverlayDb implements DB<string, string> {
  readonly #below: DB<string, string>;
  /** undefined: deleted. */
  readonly #written = new Map<string, string | undefined>();

  constructor(below: DB<string, string>) {
    this.#below = below;
  }

  async get(key: string): Promise<string | undefined> {
    return this.#written.has(key) ? this.#written.get(key) : this.#below.get(key);
  }

  async put(key: string, value: string): Promise<void> {
    this.#written.set(key, value);
  }

  async del(key: string): Promise<void> {
    this.#written.set(key, undefined);
  }

  async batch(operations: readonly BatchDBOp<string, string>[]): Promise<void> {
    for (const one of operations) await (one.type === "del" ? this.del(one.key) : this.put(one.key, one.value));
  }

  /** The same: whoever copies a trie on it wants to see what was written. */
  shallowCopy(): DB<string, string> {
    return this;
  }

  async open(): Promise<void> {}
}
