import type { FileLayer } from "./file-layer.ts";

// What is needed of a directory whose folders take each other's places, at the level of the system calls, as file-layer.ts
// has it for files. `chain/files/disk-folders.ts` is the disk; the testkit's bad disk stands here in its crash matrix.

/** The folders of one directory, by name. Failures are the system's errors. */
export interface FolderLayer {
  exists(name: string): boolean;
  /** Files of a folder, which is created where it is missing when they are listed. */
  files(name: string): FileLayer;
  /** After a crash the folder stands under one of both names. Nothing may stand under the new one. */
  rename(from: string, to: string): Promise<void>;
  /** Puts a folder under a path outside the directory, in a folder that is there; durable there when this resolves. */
  moveOut(name: string, path: string): Promise<void>;
  /** Removes a folder file by file: a crash can leave any part of it. Does nothing where it is missing. */
  remove(name: string): Promise<void>;
  /** Makes renamed and removed names of folders durable. */
  sync(): Promise<void>;
  /** Makes the files of a folder and their names durable; its own name is not. */
  syncFiles(name: string): Promise<void>;
}
