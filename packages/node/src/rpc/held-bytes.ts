/** Part of all that one address may have. */
const OF_ONE = 1 / 4;

/** Counts what clients make this process hold: bodies and messages that arrive, answers that are not read yet. */
export class HeldBytes {
  readonly #limit: number;
  readonly #ofAddress = new Map<string, number>();
  #all = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether nothing more should be held for the address. */
  isFull(address: string): boolean {
    return this.#all > this.#limit || (this.#ofAddress.get(address) ?? 0) > OF_ONE * this.#limit;
  }

  open(address: string): Holding {
    return new Holding(this, address);
  }

  /** For Holding. */
  add(address: string, bytes: number): void {
    const own = (this.#ofAddress.get(address) ?? 0) + bytes;
    if (own === 0) this.#ofAddress.delete(address);
    else this.#ofAddress.set(address, own);
    this.#all += bytes;
  }
}

/** What is held for one request, until that is set to nothing. */
export class Holding {
  readonly #held: HeldBytes;
  readonly #address: string;
  #bytes = 0;

  constructor(held: HeldBytes, address: string) {
    this.#held = held;
    this.#address = address;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether others, or this address, hold so much that it should not grow. */
  get isFull(): boolean {
    return this.#held.isFull(this.#address);
  }

  set(bytes: number): void {
    this.#held.add(this.#address, bytes - this.#bytes);
    this.#bytes = bytes;
  }
}
