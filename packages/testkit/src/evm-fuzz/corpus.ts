import { existsSync } from "node:fs";
import { join } from "node:path";
import { readCodes } from "../statetest/fixture.ts";
import { fixtureFiles, unpacked, vectorsFolder } from "../statetest/fixture-files.ts";

const MAX_CODE_BYTES = 4_000;
const MOST_CODES = 3_000;

/** Codes of contracts that people wrote, to be mutated; empty where Ethereum's fixtures are absent. */
export function contractCodes(): Uint8Array[] {
  const archive = join(vectorsFolder(), "cancun.tar.xz");
  if (!existsSync(archive)) return [];
  const codes = new Map<string, Uint8Array>();
  for (const file of fixtureFiles(unpacked(archive))) {
    for (const code of readCodes(file)) {
      if (code.length > 0 && code.length <= MAX_CODE_BYTES) codes.set(Buffer.from(code).toString("hex"), code);
    }
    if (codes.size >= MOST_CODES) break;
  }
  return [...codes.values()];
}
