import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestChain } from "@tributary/chain/chain/chain.fixture";
import { grownChain, step } from "@tributary/chain/chain/snapshot.fixture";
import { diskFolders } from "@tributary/chain/files/disk-folders";
import type { Seat } from "@tributary/protocol/consensus/types";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  decodeSnapshotMessage,
  encodeSnapshotMessage,
  isQuestion,
  type SnapshotAnswer,
  type SnapshotQuestion,
} from "./codec.ts";
import { type Liar, SnapshotDownload, type SnapshotDownloadParts } from "./snapshot-download.ts";
import { SnapshotServer } from "./snapshot-server.ts";

const logger = pino({ level: "silent" });
const PROOF = new TextEncoder().encode("certificate");
const AT = 6;

/** Changes an answer on its way; undefined: it is lost. */
type Tamper = (answer: SnapshotAnswer, question: SnapshotQuestion) => SnapshotAnswer | undefined;

let directory = "";
let source: TestChain;
let joining: TestChain;
let liars: Liar[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "download-"));
  source = await grownChain(4);
  joining = await TestChain.open({ storage: { directory: join(directory, "joining") } });
  liars = [];
});
afterEach(async () => {
  await joining.chain.close();
  await source.chain.close();
  await rm(directory, { recursive: true });
});

/** Members that all hold the source chain, in real bytes but without a network. */
class Members {
  readonly servers: SnapshotServer[];
  readonly tampers = new Map<Seat, Tamper>();
  down = new Set<Seat>();
  #download: SnapshotDownload | undefined;
  #questions = new Map<Seat, SnapshotQuestion>();

  constructor(count: number, now: () => number = Date.now) {
    this.servers = Array.from({ length: count }, (_, seat) => {
      const send = (_to: Seat, bytes: Uint8Array): void => this.#carry(seat, bytes);
      return new SnapshotServer({
        folders: diskFolders(join(directory, `server-${seat}`)),
        chain: source.chain,
        proofOf: () => PROOF,
        send,
        now,
        maxAge: 1_000,
        logger,
      });
    });
    source.chain.onBlock(({ block }) => {
      for (const server of this.servers) server.committed(block.header.number);
    });
  }

  download(parts: Partial<SnapshotDownloadParts> = {}): SnapshotDownload {
    this.#download = new SnapshotDownload({
      chain: joining.chain,
      at: () => AT,
      least: () => 1,
      maxBytes: 1_000_000,
      up: () => [...this.servers.keys()].filter((seat) => !this.down.has(seat)),
      send: (to, bytes) => this.#ask(to, bytes),
      certified: async ({ proof }) => Buffer.compare(proof, PROOF) === 0,
      chosen: () => undefined,
      fetched: () => undefined,
      lied: (liar) => liars.push(liar),
      now: Date.now,
      ...parts,
    });
    return this.#download;
  }

  #ask(to: Seat, bytes: Uint8Array): void {
    const question = decodeSnapshotMessage(bytes);
    if (this.down.has(to) || question === undefined || !isQuestion(question)) return;
    this.#questions.set(to, question);
    setImmediate(() => this.servers[to]?.answer(9, question));
  }

  #carry(seat: Seat, bytes: Uint8Array): void {
    const answer = decodeSnapshotMessage(bytes);
    const question = this.#questions.get(seat);
    if (question === undefined || answer === undefined || isQuestion(answer)) return;
    const tamper = this.tampers.get(seat);
    const sent = tamper === undefined ? answer : tamper(answer, question);
    if (sent === undefined) return;
    const read = decodeSnapshotMessage(encodeSnapshotMessage(sent));
    if (read !== undefined && !isQuestion(read)) setImmediate(() => this.#download?.receive(seat, read));
  }
}

/** The source chain goes on until the download is over. */
async function underLoad(run: Promise<boolean>): Promise<boolean> {
  let over = false;
  const done = run.finally(() => {
    over = true;
  });
  for (let nonce = 4; !over; nonce++) {
    await step(source, nonce);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return done;
}

async function expectJoined(): Promise<void> {
  await joining.chain.close();
  joining = await TestChain.open({ storage: { directory: join(directory, "joining") } });
  expect(joining.chain.head).toEqual(source.chain.block(AT));
  expect(joining.chain.origin).toEqual(PROOF);
  expect(Buffer.from((await joining.chain.audit()).root)).toEqual(Buffer.from(joining.chain.head.header.stateRoot));
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const out = bytes.slice();
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
};

test("a snapshot comes from the members together while their chain goes on", async () => {
  const members = new Members(3);
  expect(await underLoad(members.download().run())).toBe(true);
  expect(liars).toEqual([]);
  for (const server of members.servers) await server.stop();
  await expectJoined();
});

const lies: [string, Liar["about"], Tamper][] = [
  [
    "a bad bucket",
    "bucket",
    (answer, question) =>
      answer.kind === "piece" && question.kind === "get" && question.first < 256
        ? { ...answer, bytes: flipped(answer.bytes, answer.bytes.length - 1) }
        : answer,
  ],
  [
    "a short bucket",
    "bucket",
    (answer, question) =>
      answer.kind === "piece" && question.kind === "get" && question.first < 256
        ? { ...answer, bytes: answer.bytes.subarray(1) }
        : answer,
  ],
  [
    "a bad manifest",
    "manifest",
    (answer, question) =>
      answer.kind === "piece" && question.kind === "get" && question.first === 256
        ? { ...answer, bytes: flipped(answer.bytes, 40) }
        : answer,
  ],
  [
    "a manifest without its certificate",
    "certificate",
    (answer, question) =>
      answer.kind === "piece" && question.kind === "get" && question.first === 256
        ? { ...answer, bytes: flipped(answer.bytes, answer.bytes.length - 1) }
        : answer,
  ],
  [
    "a manifest without an end",
    "manifest",
    (answer) => (answer.kind === "offer" && answer.block > 0 ? { ...answer, manifestBytes: 2 ** 31 } : answer),
  ],
];

test.each(lies)("whoever serves %s is named, and the others do its part", async (_, about, tamper) => {
  const members = new Members(3);
  members.tampers.set(1, tamper);
  // The liar is asked first, and alone for a while.
  members.down = new Set([0, 2]);
  const download = members.download();
  const run = underLoad(download.run());
  while (liars.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    // The snapshot of that block is made by all who were asked in time.
    for (const seat of [0, 2]) members.servers[seat]?.answer(8, { kind: "want", id: 0, at: AT });
  }
  members.down.clear();
  expect(await run).toBe(true);
  expect(liars).toEqual([{ seat: 1, about }]);
  expect([...download.banned]).toEqual([1]);
  for (const server of members.servers) await server.stop();
  await expectJoined();
});

test("where only the liar has the snapshot that was begun, the others' is taken instead, soon", async () => {
  const members = new Members(2);
  members.tampers.set(1, lies[0]?.[2] ?? ((answer) => answer));
  members.down = new Set([0]);
  let passed = false;
  const download = members.download({ at: () => (passed ? source.chain.head.header.number + 3 : AT) });
  const run = underLoad(download.run());
  while (liars.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  // The other one hears of the download only now.
  passed = true;
  members.down.clear();
  expect(await run).toBe(true);
  for (const server of members.servers) await server.stop();
  await joining.chain.close();
  joining = await TestChain.open({ storage: { directory: join(directory, "joining") } });
  const { number } = joining.chain.head.header;
  expect(number).toBeGreaterThan(AT);
  expect(joining.chain.head).toEqual(source.chain.block(number));
});

test("an idle chain's newest block is served, though the one that was ordered does not come", async () => {
  let now = 0;
  const members = new Members(1, () => now);
  const newest = source.chain.head.header.number;
  const download = members.download({ at: () => newest + 16 });
  const run = download.run();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(joining.chain.head.header.number).toBe(0);
  now += 10_000;
  expect(await run).toBe(true);
  for (const server of members.servers) await server.stop();
  await joining.chain.close();
  joining = await TestChain.open({ storage: { directory: join(directory, "joining") } });
  expect(joining.chain.head).toEqual(source.chain.block(newest));
});

test("a false code is named too", async () => {
  const members = new Members(1);
  members.tampers.set(0, (answer) =>
    answer.kind === "codes" ? { ...answer, codes: answer.codes.map((code) => flipped(code, 0)) } : answer,
  );
  const download = members.download();
  const run = underLoad(download.run());
  while (liars.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(liars).toEqual([{ seat: 0, about: "code" }]);
  download.stop();
  expect(await run).toBe(false);
  for (const server of members.servers) await server.stop();
});

test("a stopped download goes on where it was, also with members that fall silent", async () => {
  const members = new Members(2);
  members.tampers.set(1, (answer) => (answer.kind === "piece" ? undefined : answer));
  let pieces = 0;
  const first = members.download();
  members.tampers.set(0, (answer, question) => {
    if (answer.kind === "piece" && question.kind === "get" && question.first < 256) {
      pieces += 1;
      first.stop();
    }
    return answer;
  });
  expect(await underLoad(first.run())).toBe(false);
  // Two were asked for at once; nothing is after the stop.
  expect([1, 2]).toContain(pieces);
  members.tampers.delete(0);
  members.down = new Set([1]);
  expect(await members.download().run()).toBe(true);
  for (const server of members.servers) await server.stop();
  await expectJoined();
});
