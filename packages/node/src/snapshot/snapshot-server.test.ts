import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestChain } from "@tributary/chain/chain/chain.fixture";
import { grownChain, step } from "@tributary/chain/chain/snapshot.fixture";
import { diskFolders } from "@tributary/chain/files/disk-folders";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { decodeSnapshotMessage, type SnapshotMessage } from "./codec.ts";
import { SnapshotServer } from "./snapshot-server.ts";

const BLOCKS = 5;
const MAX_AGE = 3;
let directory = "";
let chain: TestChain;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "snapshot-server-"));
  chain = await grownChain(BLOCKS, join(directory, "chain"));
});
afterEach(async () => {
  await chain.chain.close();
  await rm(directory, { recursive: true });
});

test("a snapshot is served until what follows it may be dropped, and then takes no room", async () => {
  let answer: SnapshotMessage | undefined;
  const server = new SnapshotServer({
    folders: diskFolders(join(directory, "snapshots")),
    chain: chain.chain,
    proofOf: () => new Uint8Array(1),
    send: (_, bytes) => {
      answer = decodeSnapshotMessage(bytes);
    },
    now: () => performance.now(),
    maxAge: MAX_AGE,
    logger: pino({ level: "silent" }),
  });
  chain.chain.onBlock(({ block }) => server.committed(block.header.number));
  const offered = (): number => {
    server.answer(0, { kind: "want", id: 1, at: BLOCKS + 1 });
    return answer?.kind === "offer" ? answer.block : -1;
  };
  expect(offered()).toBe(0);
  await step(chain, BLOCKS);
  await vi.waitFor(() => expect(offered()).toBe(BLOCKS + 1));
  for (let age = 1; age <= MAX_AGE; age++) await step(chain, BLOCKS + age);
  expect(offered()).toBe(BLOCKS + 1);
  await step(chain, BLOCKS + MAX_AGE + 1);
  expect(offered()).toBe(0);
  server.answer(0, { kind: "get", id: 2, block: BLOCKS + 1, first: 0, last: 0, offset: 0 });
  expect(answer).toEqual({ kind: "gone", id: 2 });
  await vi.waitFor(async () => expect(await readdir(join(directory, "snapshots"))).toEqual([]));
  await server.stop();
});
