// A vault's process is killed while it signs: whatever left it is in its record, and has no second value.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import type { Signed, Statement } from "@tributary/node/consensus/statement";
import { transportIdentity } from "@tributary/node/mesh/transport-identity";
import { FileVault } from "@tributary/node/vault/file-vault";
import type { SeatKeys } from "@tributary/node/vault/member-vault";
import { RemoteVault } from "@tributary/node/vault/remote/remote-vault";
import { FileSlotJournal } from "@tributary/node/vault/slot-journal";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { MemberRecord } from "@tributary/protocol/ports/member-host";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROUNDS = 8;
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");
const slot = { group: `0x${"07".repeat(32)}`, era: 1, epoch: 2 } as const;
const logger = pino({ level: "silent" });

let folder: string;
let process: ChildProcess;
let port = 0;
let remote: RemoteVault;
let keys: SeatKeys;
let journal: FileSlotJournal;

const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));
const final = (height: number, byte: number): Statement => ({
  kind: "final",
  slot: { ...slot, height },
  epoch: slot.epoch,
  hash: word(byte),
});
const say = (statement: Statement): Promise<Signed> => new Promise((done) => keys.signer.sign(statement, done));

async function tributary(...parameters: readonly string[]): Promise<{ keyHash: HexHash; clients: HexHash[] }> {
  const password = ["--password-file", join(folder, "password"), "--json"];
  const { stdout } = await promisify(execFile)("node", [main, "vault", ...parameters, ...password], { cwd: root });
  return JSON.parse(stdout);
}

async function serve(): Promise<void> {
  const listen = ["--listen", `127.0.0.1:${port}`, "--password-file", join(folder, "password"), "--json"];
  process = spawn("node", [main, "vault", "serve", "--data", join(folder, "vault"), ...listen], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  process.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until("the vault", 60_000, () => said.includes("\n"), 20);
  port = (JSON.parse(said) as { port: number }).port;
}

async function kill(): Promise<void> {
  process.kill("SIGKILL");
  await until("its end", 5_000, () => process.signalCode !== null, 10);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vault-record-"));
  writeFileSync(join(folder, "password"), "secret\n");
  const node = await FileVault.create(join(folder, "keystore.json"), new TextEncoder().encode("secret"));
  const { key } = await node.encryptionKey(slot, 0);
  const dealings = [{ dealer: 0, dealing: await node.deal(slot, 0, [key]) }];
  const { shareKeys } = await node.acceptShare(slot, 0, [key], dealings);
  const from = ["--from-keystore", join(folder, "keystore.json"), "--link-key", join(folder, "link.pem")];
  const { keyHash } = await tributary("init", "--data", join(folder, "vault"), ...from);
  await serve();
  const pem = createPrivateKey(readFileSync(join(folder, "link.pem")));
  const identity = transportIdentity(pem.export({ format: "der", type: "pkcs8" }));
  expect(identity.keyHash).toBe(node.identity.keyHash);
  remote = new RemoteVault({ identity, address: { host: "127.0.0.1", port, keyHash }, logger }, node);
  journal = FileSlotJournal.open(diskFolder(join(folder, "journal")), (error) => {
    throw error;
  });
  const members = [0, 1, 2, 3].map((seat) => ({ seat }) as MemberRecord);
  const spec = { ...slot, seat: 0, members, shareKeys: shareKeys.map(toHex) };
  keys = await remote.seat({ spec, journal, served: 0, guard: (callback) => callback, logger });
  await say(final(1, 1));
});
afterAll(async () => {
  remote?.close();
  await journal?.close();
  if (process !== undefined) await kill();
  rmSync(folder, { recursive: true, force: true });
});

test("nothing that left a vault before it was killed gets a second value after", async () => {
  const said = new Map<number, Signed>();
  let height = 1;
  for (let round = 0; round < ROUNDS; round++) {
    const from = height + 1;
    const killed = sleep(20 + 15 * round).then(kill);
    while (process.signalCode === null && height < from + 4_000) {
      const here = ++height;
      keys.signer.sign(final(here, 1), (signed) => {
        // What the connection brought before the kill; later answers are those of the next life.
        if (process.signalCode === null) said.set(here, signed);
      });
      if (here % 16 === 0) await sleep(1);
    }
    await killed;
    const before = [...said.keys()].filter((at) => at >= from);
    await serve();
    const contradictions: number[] = [];
    for (const at of before) keys.signer.sign(final(at, 2), () => contradictions.push(at));
    // Answers come in the order of requests, so what is refused was refused when this is signed.
    const barrier = await say(final(height + 1, 1));
    height += 1;
    expect(barrier.shares).toHaveLength(1);
    expect(contradictions).toEqual([]);
    const newest = before.at(-1);
    if (newest !== undefined) expect(await say(final(newest, 1))).toEqual(said.get(newest));
  }
  expect(said.size).toBeGreaterThan(ROUNDS);
});

test("two vaults do not run on one record", async () => {
  const again = ["vault", "serve", "--data", join(folder, "vault"), "--listen", "127.0.0.1:0"];
  const run = promisify(execFile)("node", [main, ...again, "--password-file", join(folder, "password"), "--json"]);
  await expect(run).rejects.toMatchObject({ stderr: expect.stringContaining("data-locked") });
});
