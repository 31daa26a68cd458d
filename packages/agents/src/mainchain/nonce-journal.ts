import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

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
  readonly #path: string;
  #entries: readonly JournalEntry[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, entries: readonly JournalEntry[]) {
    this.#path = path;
    this.#entries = entries;
  }

  /** A missing or damaged file gives an empty journal: the chain's own nonce is then the only truth. */
  static async open(path: string): Promise<NonceJournal> {
    await mkdir(dirname(path), { recursive: true });
    return new NonceJournal(path, await readEntries(path));
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  async put(entry: JournalEntry): Promise<void> {
    this.#entries = [...this.#entries.filter((other) => other.nonce !== entry.nonce), entry];
    await this.#save();
  }

  async drop(nonce: number): Promise<void> {
    this.#entries = this.#entries.filter((entry) => entry.nonce !== nonce);
    await this.#save();
  }

  #save(): Promise<void> {
    const text = JSON.stringify(this.#entries);
    const next = this.#writing.then(async () => {
      const temporary = `${this.#path}.tmp`;
      const file = await open(temporary, "w", 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
    });
    this.#writing = next.catch(() => undefined);
    return next;
  }
}

async function readEntries(path: string): Promise<readonly JournalEntry[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, "utf8"));
    return Array.isArray(parsed) ? parsed.filter(isEntry) : [];
  } catch {
    return [];
  }
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
