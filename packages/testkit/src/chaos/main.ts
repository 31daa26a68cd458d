// npm run chaos: figures go to stdout, progress to stderr; 1 at the end where anything was violated.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { count, parse } from "../arguments.ts";
import { chaos } from "./chaos-run.ts";
import { asText, summarise } from "./report.ts";
import { currentSandbox, runInSandbox, type Sandbox } from "./sandbox.ts";

const usage = `npm run chaos -- [options]: a devnet of real processes under load, struck by faults within f and beyond, then judged

  --members N  4, 7 or 16 (default 4)
  --minutes M  of faults (default 5); an hour for at least five bursts of each kind with time to spare
  --seed S     of what is struck when (default: another one each time)
  --logs DIR   keep the logs of all processes there
  --json       one JSON object on one line`;

/** Where the outer process has made room for the run inside. */
const FOLDER = "TRIBUTARY_CHAOS_FOLDER";
const SIZES = [4, 7, 16];

const { values } = parse(usage, {
  options: {
    members: { type: "string", default: "4" },
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: String(1 + Math.floor(Math.random() * 1_000_000)) },
    logs: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const members = count(values.members, "members");
const minutes = count(values.minutes, "minutes");
const seed = count(values.seed, "seed");
if (!SIZES.includes(members)) {
  console.error(`--members: one of ${SIZES.join(", ")} is wanted`);
  process.exit(2);
}

const sandbox = currentSandbox();
const folder = process.env[FOLDER];
if (sandbox === undefined || folder === undefined) process.exitCode = await outside();
else await inside(sandbox, folder);

/** Makes room, starts this program again in a sandbox, and takes the room away whatever became of it. */
async function outside(): Promise<number> {
  const room = mkdtempSync(join(tmpdir(), "tributary-chaos-"));
  try {
    process.env[FOLDER] = room;
    return await runInSandbox([
      fileURLToPath(import.meta.url),
      ...["--members", String(members), "--minutes", String(minutes), "--seed", String(seed)],
      ...(values.logs === undefined ? [] : ["--logs", resolve(values.logs)]),
      ...(values.json ? ["--json"] : []),
    ]);
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

async function inside(room: Sandbox, path: string): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const { signal } = stop;
  const progress = (line: string): void => console.error(line);
  const logs = values.logs === undefined ? {} : { logs: values.logs };
  const report = await chaos({ members, minutes, seed, folder: path, sandbox: room, ...logs, signal, progress });
  console.log(values.json ? JSON.stringify({ ...report, summary: summarise(report) }) : asText(report));
  if (report.violations.length > 0 || report.interrupted) process.exitCode = 1;
}
