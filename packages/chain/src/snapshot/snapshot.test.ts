import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat, equal } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CHAIN_ID } from "../chain/chain.fixture.ts";
import { coin, grownChain, PROOF, step, writtenSnapshot } from "../chain/snapshot.fixture.ts";
import { diskFolder } from "../files/disk-folder.ts";
import { rlpEncode } from "../rlp/encode.ts";
import { BUCKETS } from "../state/bucket-set.ts";
import { TransactionDecoder } from "../transaction/decoder.ts";
import { BucketReader, putEntry } from "./bucket-bytes.ts";
import { checkManifest, encodeManifest, type Manifest } from "./manifest.ts";
import { SnapshotFiles } from "./snapshot-files.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "snapshot-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const decoder = new TransactionDecoder(CHAIN_ID);
function manifestOf(bytes: Uint8Array): Manifest {
  const checked = checkManifest(bytes, decoder);
  if (!checked.ok) throw new Error(checked.reason);
  return checked.manifest;
}

/** Digest of a bucket's bytes when they come in pieces of this length. */
function digestOf(bucket: number, bytes: Uint8Array, piece: number): Uint8Array | undefined {
  const reader = new BucketReader(bucket);
  for (let at = 0; at < bytes.length; at += piece) if (!reader.push(bytes.subarray(at, at + piece))) return undefined;
  return reader.digest();
}

function entriesOf(bytes: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const keyEnd = at + 1 + (bytes[at] ?? 0);
    const end = keyEnd + 1 + (bytes[keyEnd] ?? 0);
    out.push(bytes.slice(at, end));
    at = end;
  }
  return out;
}

describe.each(["in memory", "on disk"])("a snapshot of a chain %s", (where) => {
  test("is the state of its block, although the chain goes on before and while it is written", async () => {
    const chain = await grownChain(6, where === "on disk" ? join(directory, "chain") : undefined);
    const root = toHex(chain.chain.head.header.stateRoot);
    const frozen = chain.chain.freeze();
    expect(frozen.number).toBe(6);
    await step(chain, 6);
    const files = diskFolder(join(directory, "snapshot"));
    const written = frozen.write(files, PROOF);
    await step(chain, 7);
    await written;
    await frozen.close();
    expect(chain.chain.head.header.number).toBe(8);

    const snapshot = SnapshotFiles.open(files);
    const manifest = manifestOf(snapshot?.manifest ?? new Uint8Array(0));
    expect(manifest.record.block.header.number).toBe(6);
    expect(toHex(manifest.record.block.header.stateRoot)).toBe(root);
    expect(manifest.record).toEqual({ block: chain.chain.block(6), senders: manifest.record.senders });
    expect(manifest.ancestors.map(({ number }) => number)).toEqual([5, 4, 3, 2, 1, 0]);
    expect(manifest.proof).toEqual(PROOF);
    let accounts = 0;
    for (const [bucket, digest] of manifest.digests.entries()) {
      const bytes = snapshot?.read(bucket, 0, 1_000_000) ?? new Uint8Array(0);
      expect(bytes.length).toBe(manifest.sizes[bucket]);
      expect(digestOf(bucket, bytes, 1_000_000)).toEqual(digest);
      expect(digestOf(bucket, bytes, 1)).toEqual(digest);
      accounts += entriesOf(bytes).length;
    }
    expect(manifest.sizes.length).toBe(BUCKETS);
    expect(accounts).toBeGreaterThan(20);
    const [code] = chain.chain.codes([keccak256(chain.chain.code(coin))], 1_000_000);
    expect(code).toEqual(chain.chain.code(coin));
    await chain.chain.close();
  });
});

test("a folder without a whole snapshot is none", async () => {
  const files = diskFolder(join(directory, "snapshot"));
  expect(SnapshotFiles.open(files)).toBeUndefined();
  const chain = await grownChain(3);
  const full = { ...files, rename: () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" })) };
  await expect(chain.chain.freeze().write(full, PROOF)).rejects.toMatchObject({ code: "ENOSPC" });
  expect(SnapshotFiles.open(files)).toBeUndefined();
});

test("a bucket is read in pieces up to its end", async () => {
  const chain = await grownChain(6);
  const snapshot = await writtenSnapshot(chain, directory);
  const { sizes } = manifestOf(snapshot.manifest);
  const bucket = sizes.findIndex((size) => size > 0);
  const size = sizes[bucket] ?? 0;
  const whole = snapshot.read(bucket, 0, size);
  expect(concat(snapshot.read(bucket, 0, 10), snapshot.read(bucket, 10, size))).toEqual(whole);
  expect(snapshot.read(bucket, size, 10).length).toBe(0);
  expect(snapshot.read(bucket, size + 1, 10).length).toBe(0);
  expect(snapshot.read(sizes.indexOf(0), 0, 10).length).toBe(0);
});

test("every lie about a bucket shows", async () => {
  const chain = await grownChain(40);
  const snapshot = await writtenSnapshot(chain, directory);
  const { digests, sizes } = manifestOf(snapshot.manifest);
  const bucket = sizes.indexOf(Math.max(...sizes));
  const bytes = snapshot.read(bucket, 0, 1_000_000);
  const entries = entriesOf(bytes);
  const other = snapshot.read(
    sizes.findIndex((size, index) => size > 0 && index !== bucket),
    0,
    1_000_000,
  );
  const truth = toHex(digests[bucket] ?? new Uint8Array(0));
  const digest = (lie: Uint8Array): string => toHex(digestOf(bucket, lie, 7) ?? new Uint8Array(0));
  expect(digest(bytes)).toBe(truth);
  expect(entries.length).toBeGreaterThan(1);

  const shortAccount = new Uint8Array(1 + 21 + 1 + 71);
  putEntry(shortAccount, 0, new Uint8Array(21).fill(97), new Uint8Array(71));
  const lies = [
    new Uint8Array(0),
    concat(...entries.slice(1)),
    concat(...entries.toReversed()),
    concat(...entries, entries[entries.length - 1] ?? new Uint8Array(0)),
    concat(bytes, Uint8Array.of(0)),
    concat(bytes, other),
    other,
    bytes.subarray(0, -1),
    shortAccount,
  ];
  for (const lie of lies) expect(digest(lie)).not.toBe(truth);
  for (let at = 0; at < bytes.length; at++) {
    const lie = bytes.slice();
    lie[at] = (lie[at] ?? 0) ^ 1;
    expect(digest(lie)).not.toBe(truth);
  }
});

test("a manifest of another format is told from a false one", async () => {
  const none = (bytes: Uint8Array) => checkManifest(bytes, decoder);
  expect(
    none(rlpEncode([2, "of another kind"].map((item) => (typeof item === "number" ? item : Buffer.from(item))))),
  ).toEqual({
    ok: false,
    reason: "the snapshot holds on-disk format 2, this version reads 1: install a newer version",
    foreign: true,
  });
  expect(none(rlpEncode([1, Buffer.from("cut")]))).toMatchObject({ ok: false, foreign: false });
  expect(none(new Uint8Array(0))).toMatchObject({ ok: false, foreign: false });
});

test("every lie in a manifest is refused, or is about another block, or about what only its server says", async () => {
  const chain = await grownChain(4);
  const snapshot = await writtenSnapshot(chain, directory);
  const truth = manifestOf(snapshot.manifest);
  const { hash } = truth.record.block;
  for (let at = 0; at < snapshot.manifest.length; at += 23) {
    const lie = snapshot.manifest.slice();
    lie[at] = (lie[at] ?? 0) ^ 1;
    const checked = checkManifest(lie, decoder);
    if (!checked.ok || !equal(checked.manifest.record.block.hash, hash)) continue;
    const { sizes, proof, ...rest } = checked.manifest;
    expect(equal(proof, PROOF) && sizes.every((size, bucket) => size === truth.sizes[bucket])).toBe(false);
    expect(rest).toEqual({
      record: truth.record,
      receipts: truth.receipts,
      ancestors: truth.ancestors,
      digests: truth.digests,
    });
  }
  const [receipt] = truth.receipts;
  if (receipt === undefined) throw new Error("the block has receipts");
  const lies: Partial<Manifest>[] = [
    { ancestors: truth.ancestors.slice(1) },
    { ancestors: truth.ancestors.slice(0, -1) },
    { ancestors: [] },
    { receipts: [] },
    { receipts: [{ ...receipt, gasUsed: receipt.gasUsed + 1 }, ...truth.receipts.slice(1)] },
    { receipts: [{ ...receipt, contractAddress: coin }, ...truth.receipts.slice(1)] },
    { receipts: truth.receipts.toReversed() },
    { digests: truth.digests.toReversed() },
    { record: { ...truth.record, block: { ...truth.record.block, transactions: [] } } },
  ];
  for (const lie of lies) expect(checkManifest(encodeManifest({ ...truth, ...lie }), decoder).ok).toBe(false);
  expect(checkManifest(new Uint8Array(0), decoder).ok).toBe(false);
});
