import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hex, TestChain } from "../chain/chain.fixture.ts";

test("what a process acknowledged before kill -9 is in the pool of the next one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "crash-"));
  const script = fileURLToPath(new URL("./submit.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    output += text;
    // Enough is acknowledged: kill it in the middle of the next ones.
    if (output.split("\n").length > 100) child.kill("SIGKILL");
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  const acknowledged = output.split("\n").slice(0, -1);
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);
  const t = await TestChain.open({ storage: { directory } });
  const lost = acknowledged.filter((hash) => t.chain.pendingTransaction(hex(hash)) === undefined);
  expect(lost).toEqual([]);
  await t.block(...t.chain.pendingTransactions().map(({ raw }) => raw));
  expect(t.chain.head.transactions.length).toBeGreaterThanOrEqual(100);
  expect(acknowledged.filter((hash) => t.chain.receipt(hex(hash)) === undefined)).toEqual([]);
  await t.chain.close();
  await rm(directory, { recursive: true });
});
