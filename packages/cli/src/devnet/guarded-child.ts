import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));

/**
 * Starts a program that ends with this process, even when this one is killed by SIGKILL: by the kernel's parent-death
 * signal where `setpriv` is present, else by a small shell loop that watches both. A group of its own keeps the
 * terminal's Ctrl-C away from it: the order of stopping is ours.
 */
export function spawnGuarded(
  command: string,
  parameters: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly stdout: "ignore" | number; readonly stderr: "ignore" | number },
): ChildProcess {
  const settings = {
    detached: true,
    stdio: ["ignore", options.stdout, options.stderr] as ["ignore", "ignore" | number, "ignore" | number],
    ...(options.env === undefined ? {} : { env: options.env }),
  };
  if (SETPRIV !== undefined) return spawn(SETPRIV, ["--pdeathsig", "KILL", command, ...parameters], settings);
  const child = spawn(command, [...parameters], settings);
  if (child.pid !== undefined) {
    const loop = `while kill -0 ${process.pid} 2>/dev/null && kill -0 ${child.pid} 2>/dev/null; do sleep 0.5; done; kill -9 ${child.pid} 2>/dev/null`;
    spawn("/bin/sh", ["-c", loop], { detached: true, stdio: "ignore" }).unref();
  }
  return child;
}

/** Whether the process exists (a zombie counts as gone where that can be seen). */
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

/** Asks a child to end and insists after `milliseconds`. Resolves when it is gone. */
export function endChild(child: ChildProcess, signal: NodeJS.Signals, milliseconds: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const insist = setTimeout(() => child.kill("SIGKILL"), milliseconds);
    child.once("exit", () => {
      clearTimeout(insist);
      resolve();
    });
    child.kill(signal);
  });
}
