// What durable files need of one folder, at the level of the system calls: here a write may be cut short, fail or be
// lost. `chain/files/disk-folder.ts` is the disk; the testkit's bad disk stands here in its crash matrix.

/** A file that grows at its end. */
export interface AppendFile {
  /** Writes at the end; how many of the bytes were taken, at least one where there are any. */
  write(bytes: Uint8Array): Promise<number>;
  /** Everything written to the file, by whomever, is durable when this resolves; its name is not. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The files of one folder, by name. Failures are the system's errors. */
export interface FileLayer {
  /** Names of the files in the folder, which is created where it is missing. */
  list(): readonly string[];
  /** Bytes of a file. */
  size(name: string): number;
  /** Reads from a position into the whole of `into`; how many bytes came, 0 only at the end. */
  read(name: string, position: number, into: Uint8Array): number;
  /** Cuts a file and makes the cut durable. */
  truncate(name: string, length: number): void;
  /** Opens at the end; the file is created where it is missing. */
  append(name: string): Promise<AppendFile>;
  /** Puts a file in the place of another: after a crash the name stands for one of both. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes created, renamed and removed names durable. */
  syncFolder(): Promise<void>;
  /** Path for messages. */
  path(name: string): string;
}
