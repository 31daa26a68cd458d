import type { Mutant } from "../network/mutants.ts";

const NODE = "packages/node/src/";
const WHOLE_FILE = "packages/protocol/src/files/whole-file.ts";
const SEGMENT_LOG = `${NODE}log/segment-log.ts`;
const SNAPSHOT = "packages/chain/src/snapshot/";
const INSTALL = `${SNAPSHOT}install.ts`;
const STATE_IMPORT = `${SNAPSHOT}state-import.ts`;

/** Faults of what must be durable before which send, and of the files below: the crash matrix must notice each. */
export const CRASH_MUTANTS: readonly Mutant[] = [
  {
    name: "reply before flush",
    patches: [
      {
        file: `${NODE}consensus/turn.ts`,
        find: "this.#log.flush(() => {",
        replace: "((done: () => void) => done())(() => {",
      },
    ],
  },
  {
    name: "lock not synced",
    patches: [
      {
        file: `${NODE}consensus/slot-locks.ts`,
        find: "this.#context.ports.journal.flush(done);",
        replace: "done();",
      },
    ],
  },
  {
    name: "vote forgotten",
    patches: [
      {
        file: `${NODE}consensus/slot-locks.ts`,
        find: 'if (record.kind === "est") return this.open(height) ? record : undefined;',
        replace: 'if (record.kind !== "conf") return record;',
      },
    ],
  },
  {
    name: "votes of others forgotten at restart",
    patches: [
      {
        file: `${NODE}consensus/replay.ts`,
        find: 'return { kind: "vote", height: message.height, from, records: message.records };',
        replace: "return undefined;",
      },
    ],
  },
  {
    name: "own proposal forgotten at restart",
    patches: [
      {
        file: `${NODE}consensus/replay.ts`,
        find: "const proposal = rooms.availability.replayOwn(message);",
        replace: "return undefined; const proposal = rooms.availability.replayOwn(message);",
      },
    ],
  },
  {
    name: "torn record accepted",
    patches: [
      {
        file: `${NODE}log/frame.ts`,
        find: "return checksum(bytes.subarray(at), length) === bytes.readUInt32BE(at + 16) ? length : undefined;",
        replace: "return length;",
      },
    ],
  },
  {
    name: "torn end taken for damage",
    patches: [
      {
        file: SEGMENT_LOG,
        find: "if (scan.damagedAt !== undefined || (cut && !last)",
        replace: "if (scan.damagedAt !== undefined || cut",
      },
    ],
  },
  {
    name: "rename without sync of the folder",
    patches: [
      {
        file: WHOLE_FILE,
        find: "  await files.rename(beside, name);\n  await files.syncFolder();",
        replace: "  await files.rename(beside, name);",
      },
    ],
  },
  {
    name: "rename before sync of the file",
    patches: [
      {
        file: WHOLE_FILE,
        find: "    await writeWhole(file, bytes);\n    await file.sync();",
        replace: "    await writeWhole(file, bytes);",
      },
    ],
  },
  {
    name: "new segment without sync of the folder",
    patches: [
      { file: SEGMENT_LOG, find: "if (created) await this.#files.syncFolder();", replace: "" },
      {
        file: SEGMENT_LOG,
        find: "    await this.#files.syncFolder();\n    this.#segments.push(next);",
        replace: "    this.#segments.push(next);",
      },
    ],
  },
  {
    name: "write without sync",
    patches: [
      {
        file: SEGMENT_LOG,
        find: "    await this.#file.sync();\n    if (created)",
        replace: "    if (created)",
      },
    ],
  },
  {
    name: "what a dead life wrote is taken for durable",
    patches: [
      {
        file: SEGMENT_LOG,
        find: "if (this.#found !== undefined) await",
        replace: "if (this.#found?.unborn !== undefined) await",
      },
    ],
  },
  {
    name: "what a dead life wrote is synced and not written anew",
    patches: [
      {
        file: SEGMENT_LOG,
        find: "else await replaceWhole(this.#files, fileName(this.#newest()), newest);",
        replace: `else {
      this.#files.truncate(fileName(this.#newest()), newest.length);
      const file = await this.#files.append(fileName(this.#newest()));
      await file.sync();
      await file.close();
      await this.#files.syncFolder();
      void replaceWhole;
    }`,
      },
    ],
  },
  {
    name: "segment without a frame counts",
    patches: [{ file: SEGMENT_LOG, find: "if (unborn !== undefined) numbers.pop();", replace: "" }],
  },
  {
    name: "failed write taken for done",
    patches: [
      {
        file: SEGMENT_LOG,
        find: "const reason = cause instanceof Error ? cause.message : String(cause);\n      throw",
        replace:
          'const reason = cause instanceof Error ? cause.message : String(cause);\n      if (reason !== "") return;\n      throw',
      },
    ],
  },
  {
    name: "write cut short taken for whole",
    patches: [
      {
        file: WHOLE_FILE,
        find: "for (let at = 0; at < bytes.length; ) at += await file.write(at === 0 ? bytes : bytes.subarray(at));",
        replace: "await file.write(bytes);",
      },
    ],
  },
  {
    name: "read cut short taken for whole",
    patches: [{ file: WHOLE_FILE, find: "    at += read;", replace: "    return bytes.subarray(0, read);" }],
  },
  {
    name: "state shown before its container is durable",
    patches: [
      {
        file: `${NODE}consensus/execution.ts`,
        find: "    store.flush(done);",
        replace: "    done();",
      },
    ],
  },
  {
    name: "key given away before it is on disk",
    patches: [
      {
        file: `${NODE}vault/file-vault.ts`,
        find: "    await this.#keystore.write(encodeContent(content));\n    this.#content = content;",
        replace: "    this.#content = content;\n    void this.#keystore.write(encodeContent(content)).catch(() => {});",
      },
    ],
  },
  {
    name: "name of the keystore taken for durable",
    kind: "power lost",
    patches: [
      { file: `${NODE}vault/keystore.ts`, find: "    await settle(path, files);\n", replace: "    void settle;\n" },
    ],
  },
  {
    name: "dealing made anew",
    patches: [
      {
        file: `${NODE}vault/file-vault.ts`,
        find: "if (kept !== undefined) return kept;\n      const dealing = makeDealing(",
        replace: "if (kept?.length === 0) return kept;\n      const dealing = makeDealing(",
      },
    ],
  },
  {
    name: "database ready before it is synced",
    patches: [{ file: STATE_IMPORT, find: "    await folders.syncFiles(UNFINISHED);\n", replace: "" }],
  },
  {
    name: "name of the ready database not synced",
    patches: [
      {
        file: INSTALL,
        find: "  await folders.rename(UNFINISHED, NEXT);\n  await folders.sync();",
        replace: "  await folders.rename(UNFINISHED, NEXT);",
      },
    ],
  },
  {
    name: "ready database removed in its place",
    patches: [{ file: INSTALL, find: "await folders.rename(NEXT, OLD);", replace: "await folders.remove(NEXT);" }],
  },
  {
    name: "mark of a bucket before its entries",
    patches: [
      {
        file: STATE_IMPORT,
        find: "let writes: Write[] = [];\n    for (const bytes of staged",
        replace:
          "let writes: Write[] = [{ key: doneKey(bucket), value: uint(staged.sum, 4) }];\n    for (const bytes of staged",
      },
    ],
  },
  {
    name: "import begun anew on a full disk",
    patches: [{ file: STATE_IMPORT, find: ' || error.code === "store-full"', replace: "" }],
  },
  {
    name: "database left open by an import that could not begin",
    patches: [{ file: STATE_IMPORT, find: "await store.close();\n        throw error;", replace: "throw error;" }],
  },
  {
    name: "database left open by an import that could not end",
    kind: "disk full",
    patches: [
      {
        file: STATE_IMPORT,
        find: "      } finally {\n        await this.close();\n      }",
        replace: "      } finally {\n        void this;\n      }",
      },
    ],
  },
  {
    name: "manifest before the buckets",
    patches: [
      {
        file: `${SNAPSHOT}snapshot-writer.ts`,
        find: "  for (let bucket = 0; bucket < BUCKETS; bucket++) await append(bucket);\n",
        replace: `  const rest = Array.from({ length: BUCKETS }, (_, bucket) => buffers.take(bucket).slice());
  for (const [bucket, bytes] of rest.entries()) sizes[bucket] = (sizes[bucket] ?? 0) + bytes.length;
`,
      },
      {
        file: `${SNAPSHOT}snapshot-writer.ts`,
        find: "  await replaceWhole(files, MANIFEST_FILE, manifest);",
        replace: `  await replaceWhole(files, MANIFEST_FILE, manifest);
  for (const [bucket, bytes] of rest.entries()) if (bytes.length > 0) await appendTo(files, bucketFile(bucket), bytes);`,
      },
    ],
  },
  {
    name: "buckets removed before the manifest",
    patches: [
      {
        file: `${SNAPSHOT}snapshot-files.ts`,
        find: "  if (names.includes(MANIFEST_FILE)) await files.remove(MANIFEST_FILE);\n",
        replace: "",
      },
      {
        file: `${SNAPSHOT}snapshot-files.ts`,
        find: "if (name !== MANIFEST_FILE) await",
        replace: "await",
      },
    ],
  },
];
