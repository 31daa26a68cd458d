import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { accuseFinals } from "@tributary/protocol/evidence/accuse";
import { plainSignatures, Speaker, word } from "@tributary/protocol/evidence/evidence.testing";
import { verifyEvidence } from "@tributary/protocol/evidence/verify";
import type { MemberRecord } from "@tributary/protocol/ports/member-host";
import pino from "pino";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FixtureChain, fixtureBackend } from "../rpc/fixture-chain.testing.ts";
import { RpcServer } from "../rpc/server.ts";
import { LevelContainerStore } from "../store/level-container-store.ts";
import { evidenceOf } from "./evidence-source.ts";

const CHAIN = 4711n;
const addresses = [0, 1, 2, 3].map((seat) => plainSignatures.address(seat));
const members = addresses.map(
  (address, seat) => ({ seat, nodeId: 100 + seat, nodeAddress: toHex(address) }) as MemberRecord,
);

let folder = "";
let server: RpcServer;
let store: LevelContainerStore;
let url = "";

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "evidence-"));
  store = await LevelContainerStore.open(folder, (error) => {
    throw error;
  });
  const backend = fixtureBackend(new FixtureChain(CHAIN));
  const member = {
    ...backend.member,
    evidence: (from?: Uint8Array) => evidenceOf(store, { era: 1, epoch: 2, members }, from),
  };
  server = new RpcServer({ logger: pino({ level: "silent" }), registry: new Registry() });
  server.addChain(CHAIN, { ...backend, member });
  const { port } = await server.start({ port: 0 });
  url = `http://127.0.0.1:${port}/chains/${CHAIN}`;
});

afterEach(async () => {
  await server.stop();
  await store.close();
  rmSync(folder, { recursive: true });
});

async function put(seat: number, height: number, epoch = 2): Promise<void> {
  const by = new Speaker({ group: word(1), era: 1, epoch, height }, seat);
  store.putEvidence(
    { kind: "final", ...by.slot, seat },
    accuseFinals(by.final(word(height)), by.final(word(height + 1))),
  );
  await new Promise<void>((resolve) => store.flush(resolve));
}

// biome-ignore lint/suspicious/noExplicitAny: the answer is read as an outsider would
async function getEvidence(...params: readonly unknown[]): Promise<any> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tributary_getEvidence", params }),
  });
  return response.json();
}

test("gives what is kept with the node that it convicts, and it convinces an outsider", async () => {
  expect((await getEvidence()).result).toEqual({ evidence: [], next: null });
  await put(2, 7);
  await put(1, 3, 1);
  const { result } = await getEvidence();
  expect(result.next).toBeNull();
  expect(result.evidence).toMatchObject([
    { kind: "final", height: 3, epoch: 1, seat: 1, nodeId: null, nodeAddress: null },
    { kind: "final", height: 7, epoch: 2, seat: 2, nodeId: 102, nodeAddress: members[2]!.nodeAddress },
  ]);
  const [, { evidence }] = result.evidence;
  const bench = { group: word(1), era: 1, epoch: 2, addresses };
  expect(verifyEvidence(fromHex(evidence)!, bench, plainSignatures)).toMatchObject({ ok: true, address: addresses[2] });
});

test("page after page gives each once", async () => {
  for (let height = 1; height <= 70; height++) await put(height % 4, height);
  const heights: number[] = [];
  const pages: number[] = [];
  for (let next: string | null | undefined; next !== null; ) {
    const { result } = await getEvidence(...(next === undefined ? [] : [next]));
    pages.push(result.evidence.length);
    heights.push(...result.evidence.map(({ height }: { height: number }) => height));
    next = result.next;
  }
  expect(pages).toEqual([32, 32, 6]);
  expect(heights).toEqual(Array.from({ length: 70 }, (_, index) => index + 1));
});

test("any place is answered, and no long one is read", async () => {
  await put(2, 7);
  for (const place of ["0x", "0x00", "0x45ffff", "0xff", `0x${"45".repeat(64)}`]) {
    expect((await getEvidence(place)).result.evidence.length).toBeLessThanOrEqual(1);
  }
  expect((await getEvidence(`0x${"45".repeat(65)}`)).error).toMatchObject({
    code: -32602,
    message: "invalid argument 0: want at most 64 bytes",
  });
});
