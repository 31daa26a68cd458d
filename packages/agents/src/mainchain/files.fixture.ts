import type { FileLayer } from "@tributary/protocol/ports/file-layer";

/** A folder in memory whose disk is full while `full` says so. */
export class MemoryFiles implements FileLayer {
  readonly files: Map<string, Uint8Array> = new Map();
  full: boolean = false;

  list(): readonly string[] {
    return [...this.files.keys()];
  }

  size(name: string): number {
    return this.#bytes(name).length;
  }

  read(name: string, position: number, into: Uint8Array): number {
    const part = this.#bytes(name).subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  truncate(name: string, length: number): void {
    this.files.set(name, this.#bytes(name).slice(0, length));
  }

  async append(name: string): ReturnType<FileLayer["append"]> {
    this.files.set(name, this.files.get(name) ?? new Uint8Array(0));
    return {
      write: async (bytes) => {
        if (this.full) throw new Error("ENOSPC: no space left on device");
        this.files.set(name, Buffer.concat([this.#bytes(name), bytes]));
        return bytes.length;
      },
      sync: async () => {},
      close: async () => {},
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.#bytes(from));
    this.files.delete(from);
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  async syncFolder(): Promise<void> {}

  path(name: string): string {
    return `/memory/${name}`;
  }

  #bytes(name: string): Uint8Array {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`ENOENT: ${name}`);
    return bytes;
  }
}
