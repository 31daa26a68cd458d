import type { ChildProcess } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../cli-error.ts";
import { readNodeProcess, servingProcess } from "../node-process-file.ts";
import { endChild, spawnGuarded } from "./guarded-child.ts";

const MAIN: string = fileURLToPath(new URL("../../bin/tributary.mjs", import.meta.url));
/** Flags of a devnet's nodes, megabytes of JavaScript heap: sixteen nodes share one small machine. */
export const NODE_HEAP: readonly string[] = ["--max-old-space-size=384", "--max-semi-space-size=16"];
/** A machine whose disk is cold takes a minute for sixteen; a process that ends is noticed at once. */
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 10_000;

export type NodePlace = { readonly id: number; readonly dataDir: string; readonly rpc: string };

/** One node of a devnet: a process of ours, or one that somebody started by hand on the same folder. */
export class NodeChild {
  readonly place: NodePlace;
  #child: ChildProcess | undefined;
  #lastPid: number | undefined;

  constructor(place: NodePlace) {
    this.place = place;
  }

  /** The process that serves the folder now; 0 when none does. */
  get pid(): number {
    return servingProcess(this.place.dataDir);
  }

  /** The process that serves the folder, or served it last; never 0, which as a target of a signal means a group. */
  get lastPid(): number {
    this.#lastPid = readNodeProcess(this.place.dataDir)?.pid ?? this.#lastPid ?? this.#child?.pid;
    return this.#lastPid ?? process.pid;
  }

  /** Starts the process unless one serves the folder already. */
  spawn(onExit: (how: string) => void): void {
    if (this.pid > 0) return;
    const { dataDir } = this.place;
    const log = openSync(join(dataDir, "node.log"), "a");
    const child = spawnGuarded(process.execPath, [...NODE_HEAP, MAIN, "node", "run", "--data", dataDir], {
      stdout: log,
      stderr: log,
    });
    this.#child = child;
    child.once("exit", (code, signal) => onExit(signal ?? `exit code ${code}`));
  }

  /** Resolves when the node answers on its port; rejects with the end of its log when it ended instead. */
  async ready(signal: AbortSignal): Promise<void> {
    const end = Date.now() + START_TIMEOUT_MS;
    while (!signal.aborted) {
      if (this.pid > 0 && (await healthy(this.place.rpc))) return;
      const child = this.#child;
      if (child !== undefined && (child.exitCode !== null || child.signalCode !== null)) {
        throw new CliError("NODE_ENDED", `node ${this.place.id} ended while starting:\n${this.#tail()}`);
      }
      if (Date.now() > end) {
        throw new CliError("NODE_SILENT", `node ${this.place.id} does not answer:\n${this.#tail()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends our process, and one that was started by hand. */
  async stop(): Promise<void> {
    if (this.#child !== undefined) await endChild(this.#child, "SIGTERM", STOP_TIMEOUT_MS);
    const other = this.pid;
    if (other === 0) return;
    process.kill(other, "SIGTERM");
    const end = Date.now() + STOP_TIMEOUT_MS;
    while (this.pid === other) {
      if (Date.now() > end) {
        process.kill(other, "SIGKILL");
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #tail(): string {
    try {
      return readFileSync(join(this.place.dataDir, "node.log"), "utf8").slice(-2_000);
    } catch {
      return "(no log)";
    }
  }
}

async function healthy(rpc: string): Promise<boolean> {
  try {
    const response = await fetch(`${rpc}/health`, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
