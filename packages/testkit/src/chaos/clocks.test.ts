import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { Clocks } from "./clocks.ts";

const DAY = 86_400_000;

test("a running process sees its clock jump and return", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-clocks-"));
  const clocks = new Clocks(folder);
  const dataDir = join(folder, "1");
  clocks.set(join(folder, "2"), 5 * DAY);
  // What a node's program would read; "run --data" is what tells a node from others.
  const program =
    "setInterval(() => console.log(Math.round((Date.now() - performance.timeOrigin) / 86400000), Math.round((new Date().getTime() - performance.timeOrigin) / 86400000)), 20)";
  const child = spawn(process.execPath, ["-e", program, "--", "node", "run", "--data", dataDir], {
    env: { ...process.env, ...clocks.environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const lines = createInterface(child.stdout);
    let last = "";
    lines.on("line", (line) => {
      last = line;
    });
    await expect.poll(() => last, { timeout: 30_000 }).toBe("0 0");
    clocks.set(dataDir, DAY);
    await expect.poll(() => last, { timeout: 30_000 }).toBe("1 1");
    clocks.set(dataDir, -DAY);
    await expect.poll(() => last, { timeout: 30_000 }).toBe("-1 -1");
    clocks.set(dataDir, 0);
    await expect.poll(() => last, { timeout: 30_000 }).toBe("0 0");
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
});
