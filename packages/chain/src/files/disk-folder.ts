import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import type { AppendFile, FileLayer } from "@tributary/protocol/ports/file-layer";

/** A folder on disk; its files can be read by their owner only. */
export function diskFolder(folder: string): FileLayer {
  const path = (name: string): string => `${folder}/${name}`;
  return {
    list() {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return readdirSync(folder);
    },
    size: (name) => statSync(path(name)).size,
    read: (name, position, into) => withFile(path(name), "r", (file) => readSync(file, into, { position })),
    truncate(name, length) {
      withFile(path(name), "r+", (file) => {
        ftruncateSync(file, length);
        fsyncSync(file);
      });
    },
    append: async (name) => new DiskFile(await open(path(name), "a", 0o600)),
    rename: (from, to) => rename(path(from), path(to)),
    async remove(name) {
      unlinkSync(path(name));
    },
    async syncFolder() {
      const handle = await open(folder, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    path,
  };
}

/** What goes into the page cache sooner than another thread could be woken for it. */
const SMALL_BYTES = 65_536;

class DiskFile implements AppendFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (bytes.length <= SMALL_BYTES) return writeSync(this.#handle.fd, bytes);
    return (await this.#handle.write(bytes)).bytesWritten;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function withFile<T>(path: string, flags: string, use: (file: number) => T): T {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}
