import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { reasonOf } from "../cli-error.ts";
import { bundledCommandLine } from "./bundle.ts";

const PROGRAM: string = fileURLToPath(new URL("./make-bundle.ts", import.meta.url));
const TIMEOUT_MS = 120_000;

/** Bundles the command line for the processes to come, in a process of its own. A failure is only told. */
export async function ensureBundle(signal: AbortSignal, tell: (message: string) => void): Promise<void> {
  if (bundledCommandLine() !== undefined) return;
  try {
    await promisify(execFile)(process.execPath, [PROGRAM], { signal, timeout: TIMEOUT_MS });
  } catch (error) {
    if (!signal.aborted) tell(`not bundled, so that nodes start more slowly: ${reasonOf(error)}`);
  }
}
