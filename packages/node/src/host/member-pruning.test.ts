import { TestChain } from "@tributary/chain/chain/chain.fixture";
import pino from "pino";
import { expect, test, vi } from "vitest";
import { keptBlocks, MemberPruning, snapshotAge } from "./member-pruning.ts";

const KEPT = 10;
const logger = pino({ level: "silent" });

/** Stands for the store of containers: its lowest height. */
class Containers {
  lowest = 1;
  failing = false;

  async prune(below: number): Promise<void> {
    if (this.failing) throw new Error("no room");
    this.lowest = below;
  }
}

async function grow(chain: TestChain, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await chain.block();
}

test("what the policy does not keep goes while blocks come, containers with it, and a narrower policy catches up", async () => {
  const t = await TestChain.open({ keepBlocks: KEPT });
  const containers = new Containers();
  await grow(t, 300);
  const pruning = new MemberPruning({ chain: t.chain, containers, logger });
  await vi.waitFor(() => expect(containers.lowest).toBe(300 - KEPT + 1));
  expect(t.chain.earliest).toBe(300 - KEPT + 1);
  await grow(t, 200);
  await vi.waitFor(() => expect(t.chain.earliest).toBeGreaterThan(500 - KEPT - 64));
  await pruning.stop();
  expect(containers.lowest).toBe(t.chain.earliest);
  expect(t.chain.block(t.chain.earliest)?.header.number).toBe(t.chain.earliest);
  const before = t.chain.earliest;
  await grow(t, 70);
  expect(t.chain.earliest).toBe(before);
});

test("a disk that refuses leaves the chain as it is, and the next time all goes", async () => {
  const t = await TestChain.open({ keepBlocks: KEPT });
  await grow(t, 100);
  const containers = new Containers();
  containers.failing = true;
  const pruning = new MemberPruning({ chain: t.chain, containers, logger });
  await vi.waitFor(() => expect(t.chain.earliest).toBe(100 - KEPT + 1));
  containers.failing = false;
  await grow(t, 130);
  await vi.waitFor(() => expect(containers.lowest).toBeGreaterThan(100));
  await pruning.stop();
  expect(containers.lowest).toBe(t.chain.earliest);
});

test("an archive keeps all, and too narrow a policy keeps what members need", () => {
  expect([keptBlocks("archive"), keptBlocks(1), keptBlocks(1_000_000)]).toEqual([undefined, 4_096, 1_000_000]);
  expect(snapshotAge(4_096)).toBe(2_048);
});
