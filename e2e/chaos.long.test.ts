// A chaos run that is broken off takes everything away that it made: processes, mounts, files.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { until } from "@tributary/testkit/devnet/processes";
import { expect, test } from "vitest";

const main = resolve(import.meta.dirname, "../packages/testkit/src/chaos/main.ts");
const rooms = () => readdirSync(tmpdir()).filter((name) => name.startsWith("tributary-chaos-"));

function commandLines(): readonly string[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      return /^\d+$/.test(entry) ? [readFileSync(`/proc/${entry}/cmdline`, "utf8")] : [];
    } catch {
      return [];
    }
  });
}

test("SIGINT in the middle of a burst leaves nothing behind", async () => {
  const before = rooms();
  const child = spawn(process.execPath, [main, "--minutes", "5", "--seed", "1"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk;
    });
  }
  try {
    await until("a burst", 180_000, () => said.includes("BEYOND f") || child.exitCode !== null);
    const [room] = rooms().filter((name) => !before.includes(name));
    expect(room, said).toBeDefined();
    expect(commandLines().some((line) => line.includes(room!))).toBe(true);
    child.kill("SIGINT");
    await until("the end", 90_000, () => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    expect(said).toContain("INTERRUPTED");
    expect(rooms()).not.toContain(room);
    expect(commandLines().filter((line) => line.includes(room!))).toEqual([]);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(room);
  } finally {
    // The guard ends all that is inside.
    child.kill("SIGKILL");
  }
});
