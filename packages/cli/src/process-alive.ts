import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Whether the process exists. */
export function processAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether the process exists and its command line has all these words: pids are used again by other programs. */
export function processRuns(pid: number, words: readonly string[]): boolean {
  if (pid <= 0 || !processAlive(pid)) return false;
  try {
    const line = existsSync("/proc/self/cmdline")
      ? readFileSync(`/proc/${pid}/cmdline`, "utf8")
      : execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return words.every((word) => line.includes(word));
  } catch {
    return false;
  }
}
