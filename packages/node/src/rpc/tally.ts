/** Counts things per key and forgets keys that are at zero. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Counts one more, unless the key is at its limit already. */
  enter(key: string, limit: number): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= limit) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  leave(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count <= 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
  }
}
