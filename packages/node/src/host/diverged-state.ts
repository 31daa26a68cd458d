import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskFolders } from "@tributary/chain/files/disk-folders";
import { setReplacedAside } from "@tributary/chain/snapshot/install";

const FOLDER = "diverged";
const STATE = /^(chain|containers|log-\d+-\d+)$/;

export function isDiverged(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "era-diverged";
}

/**
 * Puts a state that is not the recorded one aside, so that the member begins anew and fetches the others'. What it signed
 * stays known: the slot journal is not touched. One such state is kept, until the next. consensus.md 8, 15.
 */
export async function setStateAside(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const aside = join(folder, FOLDER);
  await empty(aside);
  // The state itself last: where this is cut short, the next start finds it diverged again.
  const names = readdirSync(folder).filter((name) => STATE.test(name));
  names.sort((a, b) => Number(a === "chain") - Number(b === "chain"));
  for (const name of names) await rename(join(folder, name), join(aside, name));
}

/**
 * Puts a state that is not the chain's aside where a certified one is ready to take its place: what was ordered, signed and
 * logged goes on in its era. consensus.md 8.
 */
export async function setRepairedAside(folder: string): Promise<void> {
  const aside = join(folder, FOLDER);
  await empty(aside);
  await mkdir(join(aside, "chain"));
  await setReplacedAside(diskFolders(join(folder, "chain")), join(aside, "chain", "state"));
}

async function empty(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
}
