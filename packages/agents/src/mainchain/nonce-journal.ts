import { otherFormat } from "@tributary/protocol/files/other-format";
import { readWhole, replaceWhole } from "@tributary/protocol/files/whole-file";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";

/** Raised when the meaning of the file changes. */
const VERSION = 2;

/** Another version wrote the file. */
export class JournalFormatError extends Error {
  readonly code = "JOURNAL_FORMAT";
}

/** A transaction that was signed and may be on its way. */
export type JournalEntry = {
  readonly nonce: number;
  /** What it is for, so that the same thing is not sent twice. */
  readonly key: string;
  readonly hash: `0x${string}`;
  readonly raw: `0x${string}`;
};

/** Signed and not yet confirmed transactions of one account, on disk before they are sent. */
export class NonceJournal {
  readonly #files: FileLayer;
  readonly #name: string;
  #entries: readonly JournalEntry[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(files: FileLayer, name: string, entries: readonly JournalEntry[]) {
    this.#files = files;
    this.#name = name;
    this.#entries = entries;
  }

  /**
   * A missing or damaged file gives an empty journal: the chain's own nonce is then the only truth. JournalFormatError
   * where another version wrote it.
   */
  static async open(files: FileLayer, name: string): Promise<NonceJournal> {
    const there = files.list().includes(name);
    // A life before this one may have died between renaming and syncing the folder.
    if (there) await files.syncFolder();
    return new NonceJournal(files, name, there ? readEntries(files, name) : []);
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** On disk when this resolves; the journal is as before when it rejects, or a nonce that nobody used would stay taken. */
  async put(entry: JournalEntry): Promise<void> {
    const before = this.#entries.filter((other) => other.nonce === entry.nonce);
    this.#replace(entry.nonce, [entry]);
    try {
      await this.#save();
    } catch (error) {
      this.#replace(entry.nonce, before);
      throw error;
    }
  }

  async drop(nonce: number): Promise<void> {
    this.#replace(nonce, []);
    await this.#save();
  }

  #replace(nonce: number, entries: readonly JournalEntry[]): void {
    this.#entries = [...this.#entries.filter((other) => other.nonce !== nonce), ...entries];
  }

  #save(): Promise<void> {
    const text = JSON.stringify({ version: VERSION, entries: this.#entries });
    const next = this.#writing.then(() => replaceWhole(this.#files, this.#name, new TextEncoder().encode(text)));
    this.#writing = next.catch(() => undefined);
    return next;
  }
}

function readEntries(files: FileLayer, name: string): readonly JournalEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(readWhole(files, name)));
  } catch {
    return [];
  }
  // The first versions wrote the entries alone.
  if (Array.isArray(parsed)) return parsed.filter(isEntry);
  if (typeof parsed !== "object" || parsed === null) return [];
  const { version, entries } = parsed as Record<string, unknown>;
  if (typeof version === "number" && version !== VERSION) {
    throw new JournalFormatError(otherFormat(files.path(name), version, VERSION));
  }
  return Array.isArray(entries) ? entries.filter(isEntry) : [];
}

function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== "object" || value === null) return false;
  const entry = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(entry["nonce"]) &&
    typeof entry["key"] === "string" &&
    /^0x[0-9a-f]{64}$/.test(String(entry["hash"])) &&
    /^0x[0-9a-f]+$/.test(String(entry["raw"]))
  );
}
