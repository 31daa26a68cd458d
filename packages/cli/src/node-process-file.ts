import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "./atomic-file.ts";
import { processRuns } from "./process-alive.ts";

/** node.json of a running node: its process, for whoever watches over it. */
export type NodeProcessInfo = {
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
};

const FILE = "node.json";

export async function writeNodeProcess(dataDir: string): Promise<void> {
  const info: NodeProcessInfo = { pid: process.pid, startedAt: new Date().toISOString() };
  await writeAtomically(join(dataDir, FILE), `${JSON.stringify(info)}\n`);
}

export async function removeNodeProcess(dataDir: string): Promise<void> {
  if (readNodeProcess(dataDir)?.pid === process.pid) await rm(join(dataDir, FILE), { force: true });
}

/** Undefined where no node runs there, or none ever did. The process may be gone: it cannot always clean up. */
export function readNodeProcess(dataDir: string): NodeProcessInfo | undefined {
  try {
    const parsed = JSON.parse(readFileSync(join(dataDir, FILE), "utf8")) as Partial<NodeProcessInfo>;
    return typeof parsed.pid === "number" && typeof parsed.startedAt === "string"
      ? { pid: parsed.pid, startedAt: parsed.startedAt }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The process that serves the folder now; 0 when none does. */
export function servingProcess(dataDir: string): number {
  const pid = readNodeProcess(dataDir)?.pid ?? 0;
  return processRuns(pid, ["node", "run", "--data"]) ? pid : 0;
}
