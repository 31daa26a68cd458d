import { mkdirSync } from "node:fs";
import { ClassicLevel } from "classic-level";
import { NodeError } from "../fault/node-error.ts";

/** Held while a process works on a data folder; the operating system lets go of it when the process ends, however it ends. */
export type DataLock = { release(): Promise<void> };

/**
 * `data-locked` where another process (or another node in this one) runs on the folder. Node has no file locks of its
 * own, so an empty LevelDB stands for one.
 */
export async function lockData(dataDir: string): Promise<DataLock> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new ClassicLevel(`${dataDir}/lock`);
  try {
    await database.open();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const locked = cause instanceof Error && "code" in cause && cause.code === "LEVEL_LOCKED";
    const why = locked ? "another node runs on it" : `it cannot be locked: ${String(cause)}`;
    throw new NodeError("data-locked", `data folder ${dataDir}: ${why}`, { cause });
  }
  return { release: () => database.close() };
}
