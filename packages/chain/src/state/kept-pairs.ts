import { equal } from "@tributary/protocol/bytes/bytes";

/**
 * Which pairs of key and value have a place of their own, one value a key. Full, it gives away the place of a pair that
 * was not found for the longest time, roughly (CLOCK).
 */
export class KeptPairs {
  readonly #places = new Map<string, number>();
  readonly #keys: (string | undefined)[];
  readonly #values: (Uint8Array | undefined)[];
  /** Found since the hand last passed. */
  readonly #found: Uint8Array;
  #hand = 0;

  /** `places` are numbered from 0 on. */
  constructor(places: number) {
    this.#keys = new Array<string | undefined>(places).fill(undefined);
    this.#values = new Array<Uint8Array | undefined>(places).fill(undefined);
    this.#found = new Uint8Array(places);
  }

  find(key: string, value: Uint8Array): number | undefined {
    const place = this.#places.get(key);
    const kept = place === undefined ? undefined : this.#values[place];
    if (place === undefined || kept === undefined || !equal(kept, value)) return undefined;
    this.#found[place] = 1;
    return place;
  }

  /** A place for the pair. The value is copied: a stranger's buffer may change. */
  place(key: string, value: Uint8Array): number {
    const place = this.#places.get(key) ?? this.#free(key);
    const old = this.#values[place];
    if (old?.length === value.length) old.set(value);
    else this.#values[place] = new Uint8Array(value);
    return place;
  }

  #free(key: string): number {
    while (this.#found[this.#hand] === 1) {
      this.#found[this.#hand] = 0;
      this.#hand = (this.#hand + 1) % this.#keys.length;
    }
    const place = this.#hand;
    this.#hand = (place + 1) % this.#keys.length;
    const old = this.#keys[place];
    if (old !== undefined) this.#places.delete(old);
    this.#keys[place] = key;
    this.#places.set(key, place);
    return place;
  }
}
