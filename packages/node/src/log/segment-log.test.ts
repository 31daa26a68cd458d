import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import type { AppendFile, FileLayer } from "@tributary/protocol/ports/file-layer";
import { afterEach, expect, test } from "vitest";
import { FRAME_HEADER_BYTES } from "./frame.ts";
import { SegmentLog } from "./segment-log.ts";

/** Files in memory that know what was synced; `crash` keeps only a part of the rest. */
class CrashFiles implements FileLayer {
  readonly files = new Map<string, { bytes: Uint8Array; synced: number }>();
  syncs = 0;
  failAt = Number.POSITIVE_INFINITY;

  list(): readonly string[] {
    return [...this.files.keys()];
  }
  size(name: string): number {
    return this.bytes(name).length;
  }
  read(name: string, position: number, into: Uint8Array): number {
    const part = this.bytes(name).subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }
  bytes(name: string): Uint8Array {
    return this.files.get(name)!.bytes;
  }
  truncate(name: string, length: number): void {
    this.files.set(name, { bytes: this.bytes(name).slice(0, length), synced: length });
  }
  async append(name: string): Promise<AppendFile> {
    const file = this.files.get(name) ?? { bytes: new Uint8Array(0), synced: 0 };
    this.files.set(name, file);
    return {
      write: async (bytes) => {
        file.bytes = Buffer.concat([file.bytes, bytes]);
        return bytes.length;
      },
      sync: async () => {
        if (++this.syncs >= this.failAt) throw new Error("ENOSPC: no space left on device");
        file.synced = file.bytes.length;
      },
      close: async () => {},
    };
  }
  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
  }
  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }
  async syncFolder(): Promise<void> {}
  path(name: string): string {
    return `/log/${name}`;
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const contents = (log: SegmentLog): string[] => [...log.replay()].map((bytes) => new TextDecoder().decode(bytes));
const flushed = (log: SegmentLog): Promise<void> => new Promise((resolve) => log.flush(resolve));
const fail = (error: Error): never => {
  throw error;
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test("gives back what was flushed, over rotation and pruning, from disk", async () => {
  const folder = mkdtempSync(join(tmpdir(), "segment-log-"));
  folders.push(folder);
  let log = SegmentLog.open(diskFolder(folder), fail);
  log.append(text("a"));
  log.append(new Uint8Array(0));
  await flushed(log);
  log.rotate(text("base"));
  log.append(text("b"));
  await log.close();

  log = SegmentLog.open(diskFolder(folder), fail);
  expect(contents(log)).toEqual(["a", "", "base", "b"]);
  expect(log.segments).toBe(2);
  log.prune();
  log.append(text("c"));
  await flushed(log);
  await log.close();

  log = SegmentLog.open(diskFolder(folder), fail);
  expect(contents(log)).toEqual(["base", "b", "c"]);
  expect(log.segments).toBe(1);
  await log.close();
});

test("concurrent flushes share a sync, and each is called after its records are durable", async () => {
  const files = new CrashFiles();
  const log = SegmentLog.open(files, fail);
  const calls: Promise<void>[] = [];
  for (let i = 0; i < 50; i++) {
    log.append(text(`record ${i}`));
    calls.push(
      flushed(log).then(() => {
        const { bytes, synced } = files.files.get("0000000000.segment")!;
        expect(Buffer.from(bytes.subarray(0, synced)).includes(`record ${i}`)).toBe(true);
      }),
    );
  }
  await Promise.all(calls);
  expect(files.syncs).toBe(1);
});

test("every cut of the last write leaves what was flushed before", async () => {
  const files = new CrashFiles();
  const log = SegmentLog.open(files, fail);
  log.append(text("kept"));
  await flushed(log);
  const { synced } = files.files.get("0000000000.segment")!;
  log.append(text("torn one"));
  log.append(text("torn two"));
  await flushed(log);
  const whole = files.bytes("0000000000.segment");
  for (let length = synced; length < whole.length; length++) {
    for (const tail of [
      whole.slice(0, length),
      new Uint8Array(whole.length).fill(0).map((_, i) => (i < length ? (whole[i] ?? 0) : 0)),
    ]) {
      const after = new CrashFiles();
      after.files.set("0000000000.segment", { bytes: tail, synced: tail.length });
      const reopened = SegmentLog.open(after, fail);
      // The zero-filled form may lose nothing when the last bytes were zero anyway.
      expect(contents(reopened)[0]).toBe("kept");
      expect([1, 3]).toContain(contents(reopened).length);
      reopened.append(text("new"));
      await flushed(reopened);
      expect(contents(SegmentLog.open(after, fail)).at(-1)).toBe("new");
    }
  }
});

test("names file and offset of damage before the end", async () => {
  const files = new CrashFiles();
  const log = SegmentLog.open(files, fail);
  for (const value of ["first", "second", "third"]) {
    log.append(text(value));
    await flushed(log);
  }
  const file = files.files.get("0000000000.segment")!;
  const second = FRAME_HEADER_BYTES + 4 + 5;
  for (const offset of [second, second + 5, second + 13, second + FRAME_HEADER_BYTES + 5]) {
    const bytes = file.bytes.slice();
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
    const after = new CrashFiles();
    after.files.set("0000000000.segment", { bytes, synced: bytes.length });
    expect(() => SegmentLog.open(after, fail)).toThrow(
      expect.objectContaining({
        code: "log-damaged",
        message: expect.stringContaining(`/log/0000000000.segment is damaged at offset ${second}`),
      }),
    );
  }
});

test("a cut or missing segment before the newest one is damage, a torn newest one is not", async () => {
  const files = new CrashFiles();
  const log = SegmentLog.open(files, fail);
  log.append(text("one"));
  log.rotate(text("two"));
  log.rotate(text("three"));
  await flushed(log);
  const copy = (): CrashFiles => {
    const other = new CrashFiles();
    for (const [name, { bytes, synced }] of files.files) other.files.set(name, { bytes: bytes.slice(), synced });
    return other;
  };
  const cut = copy();
  cut.truncate("0000000001.segment", 10);
  expect(() => SegmentLog.open(cut, fail)).toThrow(expect.objectContaining({ code: "log-damaged" }));
  const missing = copy();
  await missing.remove("0000000001.segment");
  expect(() => SegmentLog.open(missing, fail)).toThrow(expect.objectContaining({ code: "log-damaged" }));
  const emptied = copy();
  await emptied.remove("0000000000.segment");
  await emptied.remove("0000000001.segment");
  emptied.truncate("0000000002.segment", 10);
  expect(() => SegmentLog.open(emptied, fail)).toThrow(expect.objectContaining({ code: "log-damaged" }));
  const torn = copy();
  torn.truncate("0000000002.segment", 10);
  expect(contents(SegmentLog.open(torn, fail))).toEqual(["one", "two"]);
});

test("a refused write is reported once and no flush claims success after it", async () => {
  const files = new CrashFiles();
  files.failAt = 2;
  const errors: Error[] = [];
  const log = SegmentLog.open(files, (error) => errors.push(error));
  log.append(text("fine"));
  await flushed(log);
  let claimed = false;
  const claim = (): void => {
    claimed = true;
  };
  log.append(text("lost"));
  log.flush(claim);
  await log.close();
  log.append(text("later"));
  log.flush(claim);
  await log.close();
  expect(claimed).toBe(false);
  expect(errors).toEqual([expect.objectContaining({ code: "log-failed" })]);
});

test("a segment that a crash left before its first frame was whole is none", async () => {
  for (const left of [new Uint8Array(0), new Uint8Array(30), text("tRLg torn")]) {
    const files = new CrashFiles();
    files.files.set("0000000000.segment", { bytes: left, synced: left.length });
    let log = SegmentLog.open(files, fail);
    log.rotate(text("base"));
    expect(log.segments).toBe(1);
    await log.close();
    files.files.set("0000000001.segment", { bytes: left, synced: left.length });
    log = SegmentLog.open(files, fail);
    expect(log.segments).toBe(1);
    log.append(text("one"));
    await flushed(log);
    expect(contents(SegmentLog.open(files, fail))).toEqual(["base", "one"]);
    log.rotate(text("second base"));
    log.prune();
    await log.close();
    expect(contents(SegmentLog.open(files, fail))).toEqual(["second base"]);
  }
});

test("what a life before this one left unsynced is on disk before a flush calls back", async () => {
  const files = new CrashFiles();
  const first = SegmentLog.open(files, fail);
  first.append(text("read again"));
  await flushed(first);
  files.files.get("0000000000.segment")!.synced = 0;
  const log = SegmentLog.open(files, fail);
  expect(contents(log)).toEqual(["read again"]);
  await flushed(log);
  const { bytes, synced } = files.files.get("0000000000.segment")!;
  expect(synced).toBe(bytes.length);
  expect(contents(SegmentLog.open(files, fail))).toEqual(["read again"]);
});

test("what a newer version wrote on is refused, where it begins a segment and where it follows, and nothing is cut off", async () => {
  const files = new CrashFiles();
  const log = SegmentLog.open(files, () => {});
  log.append(Uint8Array.of(1));
  await log.close();
  const name = files.list()[0]!;
  const own = files.bytes(name);
  const newer = Buffer.from(own);
  newer[3]! += 1;
  const refused = {
    code: "log-format",
    message: `/log/${name} holds on-disk format 2, this version reads 1: install a newer version`,
  };
  for (const content of [newer, Buffer.concat([own, newer])]) {
    files.files.set(name, { bytes: content, synced: content.length });
    expect(() => SegmentLog.open(files, () => {})).toThrow(expect.objectContaining(refused));
    expect(files.bytes(name)).toBe(content);
  }
  // A torn write is none of that.
  files.files.set(name, { bytes: Buffer.concat([own, own.subarray(0, 3), Uint8Array.of(0)]), synced: own.length });
  expect([...SegmentLog.open(files, () => {}).replay()]).toEqual([Uint8Array.of(1)]);
});
