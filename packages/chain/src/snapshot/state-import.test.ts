import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Block } from "../block/block.ts";
import { auditDirectory } from "../chain/audit-directory.ts";
import { addresses, CHAIN_ID, genesisParameters, hex, TestChain } from "../chain/chain.fixture.ts";
import { coin, grownChain, PROOF, step, writtenSnapshot } from "../chain/snapshot.fixture.ts";
import { diskFolder } from "../files/disk-folder.ts";
import { buildGenesis } from "../genesis/genesis.ts";
import { parametersDigest } from "../genesis/parameters-digest.ts";
import { decodeAccount, encodeAccount } from "../state/account.ts";
import { accountKey } from "../state/flat-key.ts";
import { fromKey } from "../store/key.ts";
import { LevelStore } from "../store/level-store.ts";
import { TransactionDecoder } from "../transaction/decoder.ts";
import { checkManifest, type Manifest } from "./manifest.ts";
import type { SnapshotFiles } from "./snapshot-files.ts";
import { diskStates } from "./state-folders.ts";
import { StateImport, type StateImportParts } from "./state-import.ts";

const BLOCKS = 12;
let directory = "";
let source: TestChain;
let snapshot: SnapshotFiles;
let manifest: Manifest;
let genesis: Block;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "import-"));
  source = await grownChain(BLOCKS);
  snapshot = await writtenSnapshot(source, join(directory, "snapshot"));
  const checked = checkManifest(snapshot.manifest, new TransactionDecoder(CHAIN_ID));
  if (!checked.ok) throw new Error(checked.reason);
  manifest = checked.manifest;
  genesis = buildGenesis(genesisParameters()).block;
});
afterEach(async () => {
  await source.chain.close();
  await rm(directory, { recursive: true });
});

const member = (): string => join(directory, "member");
function open(extra: Partial<StateImportParts> = {}): Promise<StateImport> {
  const parameters = parametersDigest(genesisParameters());
  // Most buckets of so small a state wait in files, as large ones do.
  return StateImport.open({ folders: diskStates(member()), genesis, parameters, manifest, memoryBytes: 150, ...extra });
}

/** Takes the bucket over in pieces of this length. */
async function take(into: StateImport, bucket: number, piece = 97): Promise<boolean> {
  const one = into.bucket(bucket);
  for (let bytes = snapshot.read(bucket, 0, piece); bytes.length > 0; bytes = snapshot.read(bucket, one.size, piece)) {
    if (!(await one.push(bytes))) return false;
  }
  return one.end();
}

async function takeAll(into: StateImport): Promise<void> {
  for (const bucket of into.missing) expect(await take(into, bucket)).toBe(true);
  for (let hashes = await into.wantedCodes(2); hashes.length > 0; hashes = await into.wantedCodes(2)) {
    expect(await into.codes(hashes, source.chain.codes(hashes, 1_000_000))).toBe(true);
  }
}

test("a chain that begins with a snapshot goes on as the others do", async () => {
  const into = await open({ memoryBytes: 1_000_000 });
  await takeAll(into);
  await into.finish();
  const joined = await TestChain.open({ storage: { directory: member() } });
  const { chain } = joined;
  expect(chain.head).toEqual(source.chain.head);
  expect(chain.receipts("latest")).toEqual(source.chain.receipts("latest"));
  expect(chain.origin).toEqual(PROOF);
  expect(chain.block("earliest")?.header.number).toBe(BLOCKS);
  expect(chain.block(BLOCKS - 1)).toBeUndefined();
  expect(chain.block(0)).toEqual(source.chain.block(0));
  await expect(chain.logs({ fromBlock: 1, toBlock: BLOCKS })).rejects.toMatchObject({ code: "history-pruned" });
  expect(await chain.logs({ fromBlock: BLOCKS, toBlock: BLOCKS })).toEqual(
    await source.chain.logs({ fromBlock: BLOCKS, toBlock: BLOCKS }),
  );
  expect(chain.code(coin)).toEqual(source.chain.code(coin));

  // NUMBER - 5 BLOCKHASH, returned: what execution reads beside the state.
  const request = { data: hex("60054303405f5260205ff3"), gas: 100_000n };
  expect(await chain.call(request)).toEqual(await source.chain.call(request));
  for (let nonce = BLOCKS; nonce < BLOCKS + 3; nonce++) {
    await step(source, nonce);
    await step(joined, nonce);
    expect(chain.head).toEqual(source.chain.head);
  }
  expect(toHex((await chain.audit()).root)).toBe(toHex(source.chain.head.header.stateRoot));
  await writtenSnapshot(joined, join(directory, "snapshot of the joined"));
  await chain.close();
  expect((await auditDirectory(member())).ok).toBe(true);
  expect(joined.failures).toEqual([]);
});

test("a lie is refused, leaves nothing behind, and the bucket can come from another peer", async () => {
  const into = await open();
  const [bucket = 0] = into.missing;
  const bytes = snapshot.read(bucket, 0, 1_000_000);
  const before = into.missing;
  for (let at = 0; at < bytes.length; at += 5) {
    const lie = bytes.slice();
    lie[at] = (lie[at] ?? 0) ^ 0x10;
    const one = into.bucket(bucket);
    expect((await one.push(lie)) && (await one.end())).toBe(false);
    await one.discard();
  }
  const short = into.bucket(bucket);
  expect(await short.push(bytes.subarray(0, 40))).toBe(true);
  expect(await short.end()).toBe(false);
  await short.discard();
  expect(into.missing).toEqual(before);
  expect(await take(into, bucket)).toBe(true);
  expect(into.missing).toEqual(before.slice(1));

  await takeRest(into);
  const hashes = await into.wantedCodes(10);
  expect(hashes.length).toBeGreaterThan(1);
  const codes = source.chain.codes(hashes, 1_000_000);
  expect(await into.codes(hashes, codes.toReversed())).toBe(false);
  expect(await into.codes(hashes.slice(1), codes)).toBe(false);
  expect(await into.codes(hashes, [Uint8Array.of(0)])).toBe(false);
  expect(await into.wantedCodes(10)).toEqual(hashes);
  await into.close();
});

async function takeRest(into: StateImport): Promise<void> {
  for (const bucket of into.missing) expect(await take(into, bucket)).toBe(true);
}

test("goes on where it stopped, and begins anew for another block", async () => {
  const first = await open();
  const all = first.missing;
  for (const bucket of all.slice(0, 10)) await take(first, bucket);
  const half = first.bucket(all[10] ?? 0);
  await half.push(snapshot.read(all[10] ?? 0, 0, 30));
  await first.close();

  const second = await open();
  expect(second.missing).toEqual(all.slice(10));
  await takeAll(second);
  await second.close();
  const third = await open();
  expect(third.missing).toEqual([]);
  await third.finish();

  await step(source, BLOCKS);
  const newer = await writtenSnapshot(source, join(directory, "newer"));
  const checked = checkManifest(newer.manifest, new TransactionDecoder(CHAIN_ID));
  if (!checked.ok) throw new Error(checked.reason);
  const other = await open({ manifest: checked.manifest });
  expect(other.missing.length).toBeGreaterThan(20);
  await other.close();
});

test("a disk that refuses or forgets is a clear error, and nothing is lost", async () => {
  const disk = diskFolder(join(member(), "stage"));
  const refusing = {
    append: () => Promise.reject(Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" })),
  };
  const flipping = {
    read(name: string, at: number, into: Uint8Array) {
      const read = disk.read(name, at, into);
      into[0] = (into[0] ?? 0) ^ 1;
      return read;
    },
  };
  const forgetting = {
    read: (name: string, at: number, into: Uint8Array) => (at > 0 ? 0 : disk.read(name, at, into.subarray(0, 9))),
  };
  for (const fault of [refusing, forgetting, flipping] satisfies Partial<FileLayer>[]) {
    const folders = { ...diskStates(member()), files: () => ({ ...disk, ...fault }) };
    const into = await open({ folders, memoryBytes: 0 });
    const before = into.missing;
    await expect(take(into, before[0] ?? 0)).rejects.toMatchObject({ code: "snapshot-failed" });
    expect(into.missing).toEqual(before);
    await into.close();
  }
  const well = await open();
  await takeAll(well);
  await well.finish();
});

test("what could not be made ready is whole, and the same process makes it ready later", async () => {
  const refused = Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
  const folders = { ...diskStates(member()), rename: () => Promise.reject(refused) };
  const first = await open({ folders });
  await takeAll(first);
  await expect(first.finish()).rejects.toMatchObject({ code: "snapshot-failed" });
  const second = await open();
  expect(second.missing).toEqual([]);
  expect(await second.wantedCodes(1)).toEqual([]);
  await second.finish();
  const joined = await TestChain.open({ storage: { directory: member() } });
  expect(joined.chain.head).toEqual(source.chain.head);
  await joined.chain.close();
});

test("what the disk changed after it was verified is found before the old state goes", async () => {
  const old = await TestChain.open({ storage: { directory: member() } });
  await old.block();
  await old.chain.close();
  const into = await open();
  await takeAll(into);
  await into.close();
  const database = await LevelStore.open(join(member(), "state.part"));
  const key = fromKey(accountKey(addresses[0] ?? new Uint8Array(20)));
  const account = decodeAccount(database.get(key) ?? new Uint8Array(0));
  if (account === undefined) throw new Error("the account is there");
  await database.write([{ key, value: encodeAccount({ ...account, balance: account.balance + 1n }) }]);
  await database.close();

  const faulty = await open();
  expect(faulty.missing).toEqual([]);
  await expect(faulty.finish()).rejects.toMatchObject({ code: "snapshot-failed" });
  const anew = await open();
  expect(anew.missing.length).toBeGreaterThan(20);
  await anew.close();
  const again = await TestChain.open({ storage: { directory: member() } });
  expect(again.chain.head.header.number).toBe(1);
  await again.chain.close();
});

test("whatever a crash leaves of the swap, the chain opens with one whole state, the new one once it was ready", async () => {
  const old = await TestChain.open({ storage: { directory: member() } });
  await old.block();
  await old.chain.close();
  const into = await open();
  await takeAll(into);
  await into.finish();
  const at = (name: string): string => join(member(), name);
  const moments: [string, (base: string) => Promise<void>, number][] = [
    ["before it was ready", (base) => rename(join(base, "state.next"), join(base, "state.part")), 1],
    ["ready", async () => undefined, BLOCKS],
    ["the old one moved away", (base) => rename(join(base, "state"), join(base, "state.old")), BLOCKS],
    [
      "the new one in its place",
      async (base) => {
        await rename(join(base, "state"), join(base, "state.old"));
        await rename(join(base, "state.next"), join(base, "state"));
      },
      BLOCKS,
    ],
    [
      "a leftover of an earlier swap",
      (base) => mkdir(join(base, "state.old", "left"), { recursive: true }).then(() => undefined),
      BLOCKS,
    ],
  ];
  for (const [name, crash, height] of moments) {
    const copy = join(directory, name);
    await cp(member(), copy, { recursive: true });
    await crash(copy);
    const { chain } = await TestChain.open({ storage: { directory: copy } });
    expect([name, chain.head.header.number]).toEqual([name, height]);
    await chain.close();
    expect(existsSync(join(copy, "state.old"))).toBe(false);
    expect(existsSync(join(copy, "state.next"))).toBe(false);
  }
  expect(existsSync(at("state.part"))).toBe(false);
});
