import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alive, descendants, until } from "../devnet/processes.ts";

/** Milliseconds for a clean stop of a devnet; what is left then is killed. */
const STOP_MS = 40_000;

/**
 * Gives a benchmark a temporary folder of its own, and ends it on SIGINT and SIGTERM with all that it started: processes
 * of ours are stopped cleanly and then the folder goes. A second signal kills. After an error the folder stays where
 * something is in it, such as a log that the error names.
 */
export function openBenchRoom(progress: (line: string) => void): void {
  const room = mkdtempSync(join(tmpdir(), "tributary-bench-"));
  // Where os.tmpdir() points from now on, here and in what is started.
  process.env["TMPDIR"] = room;
  process.once("exit", () => {
    try {
      rmdirSync(room);
    } catch {
      // Something is in it, or it has gone.
    }
  });
  let asked = false;
  const end = async (code: number): Promise<void> => {
    const all = descendants(process.pid);
    if (asked) {
      for (const pid of all) signal(pid, "SIGKILL");
    } else {
      asked = true;
      progress("stopping");
      // What was measured ends in the middle: whatever fails by that is expected.
      process.on("uncaughtException", () => undefined);
      await stopChildren(all);
    }
    rmSync(room, { recursive: true, force: true, maxRetries: 3 });
    process.exit(code);
  };
  process.on("SIGINT", () => void end(130));
  process.on("SIGTERM", () => void end(143));
}

/**
 * Our own children are asked, each stops what it started itself. By SIGTERM: a terminal's Ctrl-C has reached them already,
 * and a second SIGINT is somebody who insists.
 */
async function stopChildren(all: readonly number[]): Promise<void> {
  const below = new Set(all.flatMap((pid) => descendants(pid)));
  for (const pid of all) if (!below.has(pid)) signal(pid, "SIGTERM");
  const ended = (): boolean => all.every((pid) => !alive(pid));
  await until("the end of all processes", STOP_MS, ended).catch(() => {
    for (const pid of all) signal(pid, "SIGKILL");
  });
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}
