import { crc32 } from "node:zlib";
import { writeWhole } from "@tributary/protocol/files/whole-file";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import { ChainError } from "../chain-error.ts";

/** Bytes that are read back at a time. */
const READ_BYTES = 256 * 1024;

/** Bytes that wait until they are whole: in memory while they are few, else in a file. */
export class StagedBytes {
  readonly #files: FileLayer;
  readonly #file: string;
  readonly #memoryBytes: number;
  #inMemory: Uint8Array[] = [];
  #inFile = 0;
  #size = 0;
  #sum = 0;

  constructor(files: FileLayer, file: string, memoryBytes: number) {
    this.#files = files;
    this.#file = file;
    this.#memoryBytes = memoryBytes;
  }

  get size(): number {
    return this.#size;
  }

  /** CRC-32 of what was pushed. */
  get sum(): number {
    return this.#sum;
  }

  get name(): string {
    return this.#files.path(this.#file);
  }

  /** The bytes are kept as they are, not copied. System errors where the disk refuses. */
  async push(bytes: Uint8Array): Promise<void> {
    this.#inMemory.push(bytes);
    this.#size += bytes.length;
    this.#sum = crc32(bytes, this.#sum);
    if (this.#size <= this.#memoryBytes) return;
    const file = await this.#files.append(this.#file);
    try {
      for (const piece of this.#inMemory) await writeWhole(file, piece);
    } finally {
      await file.close();
    }
    this.#inFile = this.#size;
    this.#inMemory = [];
  }

  /** What was pushed, in order. ChainError `snapshot-failed` where the file is shorter. */
  *pieces(): Iterable<Uint8Array> {
    for (let at = 0; at < this.#inFile; ) {
      const into = new Uint8Array(Math.min(READ_BYTES, this.#inFile - at));
      const read = this.#files.read(this.#file, at, into);
      if (read === 0) throw new ChainError("snapshot-failed", `${this.name} ends at ${at} of ${this.#inFile} bytes`);
      at += read;
      yield into.subarray(0, read);
    }
    yield* this.#inMemory;
  }

  /** Forgets them. Idempotent. */
  async discard(): Promise<void> {
    this.#inMemory = [];
    this.#size = 0;
    this.#sum = 0;
    this.#inFile = 0;
    if (this.#files.list().includes(this.#file)) await this.#files.remove(this.#file);
  }
}
