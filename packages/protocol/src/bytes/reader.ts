/**
 * Reads big-endian fields of hostile bytes. Past the end every read gives zero (or empty bytes) and `ok` turns false
 * for good, so that a decoder checks once at its end instead of after each field.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #ok = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get ok(): boolean {
    return this.#ok;
  }

  /** Everything was read and nothing was missing. */
  get complete(): boolean {
    return this.#ok && this.#at === this.#bytes.length;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  get position(): number {
    return this.#at;
  }

  /** Marks the input as malformed. */
  fail(): void {
    this.#ok = false;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  u48(): number {
    const at = this.#take(6);
    return at < 0 ? 0 : this.#view.getUint16(at) * 0x1_0000_0000 + this.#view.getUint32(at + 2);
  }

  u64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : this.#view.getBigUint64(at);
  }

  /** A view on the next `length` bytes (not a copy). */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? new Uint8Array(length <= 1024 ? length : 0) : this.#bytes.subarray(at, at + length);
  }

  /** Length as u32, at most `limit`, then the bytes. */
  sized(limit: number): Uint8Array {
    const length = this.u32();
    if (length > limit) {
      this.#ok = false;
      return new Uint8Array(0);
    }
    return this.bytes(length);
  }

  #take(length: number): number {
    if (!this.#ok || length > this.#bytes.length - this.#at) {
      this.#ok = false;
      return -1;
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
