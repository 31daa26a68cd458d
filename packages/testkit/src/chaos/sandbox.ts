import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { descendants } from "../devnet/processes.ts";

/** What the run inside knows of its sandbox. */
const INSIDE = "TRIBUTARY_CHAOS_SANDBOX";

/** Whether disks can be mounted; `reason` says why not. */
export type Sandbox = { readonly mounts: boolean; readonly network: boolean; readonly reason: string };

/** The sandbox that this process runs in; undefined where none was made for it yet. */
export function currentSandbox(): Sandbox | undefined {
  const text = process.env[INSIDE];
  return text === undefined ? undefined : (JSON.parse(text) as Sandbox);
}

/**
 * Runs a program in namespaces of its own for processes, mounts and, where `ip` is present, the network. The kernel takes
 * all of it away with the last process, so whatever happens, nothing is left behind. Where the system allows no
 * namespaces, the program runs as it is. SIGINT and SIGTERM are passed on; a second one ends everything at once.
 * Resolves to the exit code.
 */
export async function runInSandbox(program: readonly string[]): Promise<number> {
  const { command, sandbox } = plan();
  const [first = process.execPath, ...rest] = [...command, process.execPath, ...program];
  const child = spawn(first, rest, {
    // A group of its own: a terminal's Ctrl-C comes through us, once.
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, [INSIDE]: JSON.stringify(sandbox) },
  });
  let asked = false;
  const stop = (): void => {
    const inside = descendants(child.pid ?? 0);
    if (asked) child.kill("SIGKILL");
    else for (const pid of [child.pid ?? 0, ...inside]) if (runs(pid, program)) process.kill(pid, "SIGINT");
    asked = true;
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

function plan(): { readonly command: readonly string[]; readonly sandbox: Sandbox } {
  const guard = works(["setpriv", "--pdeathsig", "KILL"]) ? ["setpriv", "--pdeathsig", "KILL"] : [];
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const base = [...guard, "unshare", ...user, "--mount", "--propagation", "private", "--pid", "--fork"];
  base.push("--mount-proc", "--kill-child=SIGKILL");
  const wired = [...base, "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"'];
  if (works(wired)) return { command: wired, sandbox: { mounts: true, network: true, reason: "" } };
  if (works(base)) return { command: base, sandbox: { mounts: true, network: false, reason: "" } };
  const reason = "this system allows no namespaces (unshare), so no disk of its own can be mounted for a node";
  return { command: guard, sandbox: { mounts: false, network: false, reason } };
}

function works(command: readonly string[]): boolean {
  const [program = "", ...parameters] = command;
  return spawnSync(program, [...parameters, "true"], { stdio: "ignore" }).status === 0;
}

/** Whether the process runs our program itself, not what starts it. */
function runs(pid: number, [script = ""]: readonly string[]): boolean {
  try {
    const [executable, first] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return executable === process.execPath && first === script;
  } catch {
    return false;
  }
}
