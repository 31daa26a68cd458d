const EMPTY = new Uint8Array(0);

/**
 * Reads the items of one RLP list from hostile bytes. Only the canonical form is accepted: shortest length prefixes,
 * no leading zeros in integers. After the first fault every read gives an empty value and `ok` is false for good.
 */
export class RlpReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  readonly #fault: { hit: boolean };

  private constructor(bytes: Uint8Array, at: number, end: number, fault: { hit: boolean }) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#fault = fault;
  }

  /** A reader of the items of the one list that `bytes` consists of. */
  static list(bytes: Uint8Array): RlpReader {
    const outer = new RlpReader(bytes, 0, bytes.length, { hit: false });
    const inner = outer.list();
    if (outer.#at !== bytes.length) outer.fail();
    return inner;
  }

  /** A reader of the items that lie in `bytes` one after the other. */
  static items(bytes: Uint8Array): RlpReader {
    return new RlpReader(bytes, 0, bytes.length, { hit: false });
  }

  /** Shared by a list and the lists inside it. */
  get ok(): boolean {
    return !this.#fault.hit;
  }

  get more(): boolean {
    return !this.#fault.hit && this.#at < this.#end;
  }

  /** Everything was read and nothing was wrong. */
  get complete(): boolean {
    return !this.#fault.hit && this.#at === this.#end;
  }

  /** Offset of the next item in the bytes that the reader was made of. */
  get position(): number {
    return this.#at;
  }

  fail(): void {
    this.#fault.hit = true;
  }

  /** A view on the next string, at most `limit` bytes. */
  bytes(limit: number): Uint8Array {
    const length = this.#header(0x80, limit);
    if (length < 0) return EMPTY;
    const at = this.#at;
    this.#at += length;
    if (length === 1 && this.#single) return this.#bytes.subarray(at, at + 1);
    if (length === 1 && (this.#bytes[at] ?? 0) < 0x80) {
      this.fail();
      return EMPTY;
    }
    return this.#bytes.subarray(at, at + length);
  }

  /** A string of exactly `length` bytes. */
  fixed(length: number): Uint8Array {
    const value = this.bytes(length);
    if (value.length !== length) this.fail();
    return value;
  }

  /** An unsigned integer of at most `width` bytes. */
  uint(width: number): bigint {
    const value = this.bytes(width);
    if (value.length === 0) return 0n;
    if (value[0] === 0) {
      this.fail();
      return 0n;
    }
    if (value.length <= 6) {
      let small = 0;
      for (const byte of value) small = small * 256 + byte;
      return BigInt(small);
    }
    if (value.length === 32) return word(value);
    return BigInt(`0x${Buffer.from(value.buffer, value.byteOffset, value.length).toString("hex")}`);
  }

  /** An unsigned integer that a number holds exactly. */
  safe(): number {
    const value = this.uint(8);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      this.fail();
      return 0;
    }
    return Number(value);
  }

  /** A reader of the next item, which must be a list. */
  list(): RlpReader {
    const length = this.#header(0xc0, Number.MAX_SAFE_INTEGER);
    if (length < 0) return new RlpReader(this.#bytes, 0, 0, this.#fault);
    const at = this.#at;
    this.#at += length;
    return new RlpReader(this.#bytes, at, at + length, this.#fault);
  }

  /** The next item is a list. */
  get nextIsList(): boolean {
    return this.more && (this.#bytes[this.#at] ?? 0) >= 0xc0;
  }

  /** The next item's encoding, header included, as a view. */
  raw(): Uint8Array {
    const at = this.#at;
    if (this.nextIsList) this.list();
    else this.bytes(Number.MAX_SAFE_INTEGER);
    return this.ok ? this.#bytes.subarray(at, this.#at) : EMPTY;
  }

  #single = false;

  /** Moves past a header of the wanted kind and gives the payload's length, -1 after a fault. */
  #header(base: 0x80 | 0xc0, limit: number): number {
    this.#single = false;
    if (!this.more) return this.#failed();
    const first = this.#bytes[this.#at] ?? 0;
    if (first < 0x80 && base === 0x80) {
      this.#single = true;
      return limit < 1 ? this.#failed() : 1;
    }
    const offset = first - base;
    if (offset < 0 || offset > 63) return this.#failed();
    let length = offset;
    let head = 1;
    if (offset > 55) {
      const width = offset - 55;
      // 4 bytes of length are 4 GB: more than any input here.
      if (width > 4 || this.#at + 1 + width > this.#end || this.#bytes[this.#at + 1] === 0) return this.#failed();
      length = 0;
      for (let i = 1; i <= width; i++) length = length * 256 + (this.#bytes[this.#at + i] ?? 0);
      if (length < 56) return this.#failed();
      head += width;
    }
    if (length > limit || this.#at + head + length > this.#end) return this.#failed();
    this.#at += head;
    return length;
  }

  #failed(): number {
    this.fail();
    return -1;
  }
}

function word({ buffer, byteOffset }: Uint8Array): bigint {
  const view = new DataView(buffer, byteOffset, 32);
  const high = (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
  return (high << 128n) | (view.getBigUint64(16) << 64n) | view.getBigUint64(24);
}
