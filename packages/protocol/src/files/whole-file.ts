import type { AppendFile, FileLayer } from "../ports/file-layer.ts";

/** All bytes of a file. */
export function readWhole(files: FileLayer, name: string): Uint8Array {
  const bytes = new Uint8Array(files.size(name));
  let at = 0;
  while (at < bytes.length) {
    const read = files.read(name, at, bytes.subarray(at));
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

/** Writes all of the bytes, however few are taken at a time. */
export async function writeWhole(file: AppendFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await file.write(at === 0 ? bytes : bytes.subarray(at));
}

/**
 * Puts new content under a name: written beside it, synced, renamed over it, and the folder synced. After a crash the
 * name stands for the old content or for the new one.
 */
export async function replaceWhole(files: FileLayer, name: string, bytes: Uint8Array): Promise<void> {
  const beside = `${name}.new`;
  // What an earlier life or a full disk left there.
  if (files.list().includes(beside)) await files.remove(beside);
  const file = await files.append(beside);
  try {
    await writeWhole(file, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(beside, name);
  await files.syncFolder();
}
