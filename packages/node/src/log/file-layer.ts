import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** A file that grows at its end. */
export interface AppendFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Everything written is durable when this resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a log needs of a folder of files; a test puts one here that loses or tears what was not synced. */
export interface FileLayer {
  /** Names of the files in the folder, which is created where it is missing. */
  list(): readonly string[];
  read(name: string): Uint8Array;
  /** Cuts a file and makes the cut durable. */
  truncate(name: string, length: number): void;
  append(name: string): Promise<AppendFile>;
  remove(name: string): Promise<void>;
  /** Makes created and removed names durable. */
  syncFolder(): Promise<void>;
  /** Path for messages. */
  path(name: string): string;
}

/** A folder on disk. */
export function diskFolder(folder: string): FileLayer {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    list: () => readdirSync(folder),
    read: (name) => readFileSync(`${folder}/${name}`),
    truncate(name, length) {
      truncateSync(`${folder}/${name}`, length);
      const file = openSync(`${folder}/${name}`, "r+");
      fsyncSync(file);
      closeSync(file);
    },
    async append(name) {
      return new DiskFile(await open(`${folder}/${name}`, "a", 0o600));
    },
    async remove(name) {
      unlinkSync(`${folder}/${name}`);
    },
    syncFolder: () => syncFolder(folder),
    path: (name) => `${folder}/${name}`,
  };
}

/** Makes renames and new names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What goes into the page cache sooner than another thread could be woken for it. */
const SMALL_BYTES = 65_536;

class DiskFile implements AppendFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let at = bytes.length <= SMALL_BYTES ? writeSync(this.#handle.fd, bytes) : 0;
    while (at < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at);
      at += bytesWritten;
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
