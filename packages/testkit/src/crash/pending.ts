import type { Random } from "../agreement/random.ts";

/**
 * What becomes of everything unsynced when the power goes. lost: none of it reached the platter; torn: it did up to some
 * byte; reordered: some of it did, in no order; kept: all is there, since only the process died and not the machine.
 */
export const LOSSES = ["lost", "torn", "reordered", "kept"] as const;

export type Loss = (typeof LOSSES)[number];

/** What a disk writes at once or not at all. */
const SECTOR = 512;

type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly length: number };

/** Bytes of one file as the process sees them, and as they are on the platter. */
export class FileContent {
  view: Uint8Array = new Uint8Array(0);
  #durable: Uint8Array = new Uint8Array(0);
  #pending: Change[] = [];

  append(bytes: Uint8Array): void {
    this.#change({ at: this.view.length, bytes: bytes.slice() });
  }

  truncate(length: number): void {
    this.#change({ length });
  }

  get durable(): Uint8Array {
    return this.#durable;
  }

  sync(): void {
    this.#durable = this.#pending.reduce(apply, this.#durable);
    this.#pending = [];
  }

  /** The system could not write the pages out and holds them for clean from now on: a later sync says nothing of them. */
  failSync(): void {
    this.#pending = [];
  }

  powerLoss(loss: Exclude<Loss, "kept">, random: Random): void {
    if (loss === "torn") this.#durable = torn(this.#pending, random).reduce(apply, this.#durable);
    if (loss === "reordered") this.#durable = scattered(this.#pending, random).reduce(apply, this.#durable);
    this.#pending = [];
    this.view = this.#durable;
  }

  #change(change: Change): void {
    this.#pending.push(change);
    this.view = apply(this.view, change);
  }
}

function apply(file: Uint8Array, change: Change): Uint8Array {
  if ("length" in change) {
    const cut = new Uint8Array(change.length);
    cut.set(file.subarray(0, change.length));
    return cut;
  }
  const grown = new Uint8Array(Math.max(file.length, change.at + change.bytes.length));
  grown.set(file);
  grown.set(change.bytes, change.at);
  return grown;
}

/** All up to one of the changes, and that one up to one of its bytes. */
function torn(changes: readonly Change[], random: Random): readonly Change[] {
  const cut = random.below(changes.length + 1);
  const last = changes[cut];
  const whole = changes.slice(0, cut);
  if (last === undefined || "length" in last) return whole;
  return [...whole, { at: last.at, bytes: last.bytes.subarray(0, random.below(last.bytes.length + 1)) }];
}

/** Some sectors of what was written; the file may have grown over those that are missing. */
function scattered(changes: readonly Change[], random: Random): readonly Change[] {
  const kept: Change[] = [];
  for (const change of changes) {
    if ("length" in change) {
      if (random.chance(0.5)) kept.push(change);
      continue;
    }
    const { at, bytes } = change;
    for (let from = 0; from < bytes.length; ) {
      const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR));
      if (random.chance(0.5)) kept.push({ at: at + from, bytes: bytes.subarray(from, to) });
      from = to;
    }
    if (random.chance(0.5)) kept.push({ at: at + bytes.length, bytes: new Uint8Array(0) });
  }
  return kept;
}

type NameChange<Entry> =
  | { readonly kind: "link"; readonly name: string; readonly entry: Entry }
  | { readonly kind: "rename"; readonly from: string; readonly name: string; readonly entry: Entry }
  | { readonly kind: "remove"; readonly name: string };

/** Names in one place as the process sees them, and as they are on the platter. */
export class Names<Entry> {
  view: Map<string, Entry> = new Map();
  protected platter: Map<string, Entry> = new Map();
  #pending: NameChange<Entry>[] = [];

  change(change: NameChange<Entry>): void {
    this.#pending.push(change);
    rename(this.view, change);
  }

  sync(): void {
    for (const change of this.#pending) rename(this.platter, change);
    this.#pending = [];
  }

  powerLoss(loss: Exclude<Loss, "kept">, random: Random): void {
    const prefix = loss === "torn" ? random.below(this.#pending.length + 1) : 0;
    for (const [index, change] of this.#pending.entries()) {
      if (index < prefix || (loss === "reordered" && random.chance(0.5))) rename(this.platter, change);
    }
    this.#pending = [];
    this.view = new Map(this.platter);
  }
}

/** Files of one folder. */
export class FolderNames extends Names<FileContent> {
  /** Names on the platter with the bytes on the platter. */
  durable(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.platter].map(([name, file]) => [name, file.durable]));
  }
}

function rename<Entry>(names: Map<string, Entry>, change: NameChange<Entry>): void {
  if (change.kind === "remove") names.delete(change.name);
  else {
    if (change.kind === "rename") names.delete(change.from);
    names.set(change.name, change.entry);
  }
}
