import { readWhole } from "@tributary/protocol/files/whole-file";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import { codeKey } from "../state/flat-key.ts";
import { fromKey } from "../store/key.ts";
import type { StoreReader } from "../store/key-value-store.ts";

export const MANIFEST_FILE = "manifest";

export function bucketFile(bucket: number): string {
  return `bucket-${bucket.toString(16).padStart(2, "0")}`;
}

/** Removes a snapshot's files, the manifest before the others: what a crash leaves is none. */
export async function clearSnapshot(files: FileLayer): Promise<void> {
  const names = files.list();
  if (names.includes(MANIFEST_FILE)) await files.remove(MANIFEST_FILE);
  for (const name of names) if (name !== MANIFEST_FILE) await files.remove(name);
}

/** A written snapshot as it is served, piece by piece. */
export class SnapshotFiles {
  readonly #files: FileLayer;
  readonly #names: ReadonlySet<string>;
  readonly manifest: Uint8Array;

  private constructor(files: FileLayer, names: ReadonlySet<string>, manifest: Uint8Array) {
    this.#files = files;
    this.#names = names;
    this.manifest = manifest;
  }

  /** Undefined where the folder holds no whole snapshot. */
  static open(files: FileLayer): SnapshotFiles | undefined {
    const names = new Set(files.list());
    if (!names.has(MANIFEST_FILE)) return undefined;
    return new SnapshotFiles(files, names, readWhole(files, MANIFEST_FILE));
  }

  /** Bytes of a bucket. */
  size(bucket: number): number {
    const name = bucketFile(bucket);
    return this.#names.has(name) ? this.#files.size(name) : 0;
  }

  /** At most `length` bytes of a bucket from `offset` on; fewer at its end, none behind it. */
  read(bucket: number, offset: number, length: number): Uint8Array {
    const name = bucketFile(bucket);
    const into = new Uint8Array(Math.max(0, Math.min(length, this.size(bucket) - offset)));
    let at = 0;
    while (at < into.length) {
      const read = this.#files.read(name, offset + at, into.subarray(at));
      if (read === 0) break;
      at += read;
    }
    return into.subarray(0, at);
  }
}

/** Contract codes by their hashes, in the order of the question, up to so many bytes; it ends before one that is not here. */
export function readCodes(store: StoreReader, hashes: readonly Uint8Array[], limit: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  let bytes = 0;
  for (const hash of hashes) {
    const code = store.get(fromKey(codeKey(hash)));
    if (code === undefined || (out.length > 0 && bytes + code.length > limit)) return out;
    out.push(code);
    bytes += code.length;
  }
  return out;
}
