import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { TallyData } from "./tally.ts";

/** A run, and how far it came. */
export type Checkpoint = {
  readonly seed: number;
  /** Number of the first case, counted from the seed. */
  readonly from: number;
  readonly cases: number;
  readonly tally: TallyData;
};

export function readCheckpoint(file: string): Checkpoint | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Checkpoint) : undefined;
}

/** At once: a killed run leaves the checkpoint before or this one. */
export function writeCheckpoint(file: string, checkpoint: Checkpoint): void {
  writeFileSync(`${file}.new`, JSON.stringify(checkpoint));
  renameSync(`${file}.new`, file);
}
