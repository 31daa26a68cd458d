import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

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
