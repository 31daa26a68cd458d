import { execFileSync } from "node:child_process";
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLog } from "./open-log.ts";

test.skipIf(!existsSync("/dev/full"))("a log on a full disk ends nobody", () => {
  const fd = openSync("/dev/full", "w");
  const log = openLog("info", fd);
  for (let i = 0; i < 5_000; i++) log.info({ i, text: "x".repeat(100) }, "a line");
  closeSync(fd);
});

test("lines wait for room, those that do not fit are lost, and it goes on", () => {
  const folder = mkdtempSync(join(tmpdir(), "log-"));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const log = openLog("info", fd);
  const text = "x".repeat(100);
  // More than the pipe takes and the log keeps.
  for (let i = 0; i < 5_000; i++) log.info({ i, text }, "a line");

  let read = "";
  const buffer = Buffer.alloc(65_536);
  const drain = (): void => {
    try {
      for (;;) read += buffer.toString("utf8", 0, readSync(fd, buffer));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
    }
  };
  drain();
  for (let i = 5_000; i < 5_010; i++) {
    log.info({ i }, "a line");
    drain();
  }
  const lines = read
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { i: number }).i);
  const kept = lines.findIndex((i, at) => i !== at);
  expect(kept).toBeGreaterThan(1_000);
  expect(kept).toBeLessThan(4_000);
  // Of the first one after the gap nobody knows whether there was room for it already.
  expect(lines.slice(kept).at(-1)).toBe(5_009);
  expect(lines.length - kept).toBeGreaterThanOrEqual(8);
  closeSync(fd);
  rmSync(folder, { recursive: true });
});
