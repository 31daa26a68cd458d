// What `npm run bench -- wan` runs, once outside and, started again by that, once in namespaces of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { currentSandbox, runInSandbox } from "../../chaos/sandbox.ts";
import { benchWan } from "./bench-wan.ts";

/** Where the outer process has made room for the run inside. */
const FOLDER = "TRIBUTARY_WAN_FOLDER";
/** consensus.md's wide area. */
const DELAY_MS = 60;
const LOSS = 0.01;

/** Makes room, runs this file in a sandbox, and takes the room away whatever became of it. Resolves to the exit code. */
export async function wanInSandbox(members: number, samples: number, seed: number, json: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-wan-"));
  try {
    process.env[FOLDER] = folder;
    const numbers = [members, samples, seed].map(String);
    return await runInSandbox([fileURLToPath(import.meta.url), ...numbers, json ? "json" : "text"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sandbox = currentSandbox();
const folder = process.env[FOLDER];
if (sandbox !== undefined && folder !== undefined) {
  const [members = 7, samples = 100, seed = 1] = process.argv.slice(2, 5).map(Number);
  const progress = (line: string): void => console.error(line);
  const setting = { delay: DELAY_MS, loss: LOSS, folder, sandbox, progress };
  const figures = await benchWan({ members, samples, seed, ...setting });
  console.log(process.argv[5] === "json" ? JSON.stringify(figures) : JSON.stringify(figures, undefined, 2));
}
