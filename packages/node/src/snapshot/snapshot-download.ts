import type { Chain } from "@tributary/chain/chain/chain";
import type { Manifest } from "@tributary/chain/snapshot/manifest";
import { MAX_MANIFEST_BYTES } from "@tributary/chain/snapshot/manifest";
import type { StateImport } from "@tributary/chain/snapshot/state-import";
import { equal } from "@tributary/protocol/bytes/bytes";
import type { Seat } from "@tributary/protocol/consensus/types";
import { encodeSnapshotMessage, MANIFEST_PART, MAX_CODES, PIECE_BYTES, type SnapshotAnswer } from "./codec.ts";

/** Milliseconds for an answer, and after one that failed until the peer is asked again. */
const ANSWER_MS = 5_000;
const PAUSE_MS = 500;
/** Milliseconds without progress after which another snapshot is taken than the one that was begun. */
const STALE_MS = 30_000;
/** The same where no member that can be asked serves it any more. */
const ABANDONED_MS = 3_000;
/** Runs that are asked of one member at once: one travels while another is verified. */
const LANES = 2;
/** Buckets in one run at most, so that even a small state comes from several members. */
const MAX_RUN_BUCKETS = 16;

export type Liar = { readonly seat: Seat; readonly about: "manifest" | "certificate" | "bucket" | "code" };

export type SnapshotDownloadParts = {
  readonly chain: Pick<Chain, "checkManifest" | "importSnapshot">;
  /** Block to ask for; blocks below `least` are of no use. */
  readonly at: () => number;
  readonly least: () => number;
  /** No snapshot can be larger: what the chain may have of the disk. */
  readonly maxBytes: number;
  /** Members with a live link. */
  readonly up: () => Iterable<Seat>;
  readonly send: (to: Seat, message: Uint8Array) => void;
  /** Whether the manifest's proof certifies its block. */
  readonly certified: (manifest: Manifest) => Promise<boolean>;
  /** A certified snapshot was chosen, of which so many buckets are not here yet. */
  readonly chosen: (block: number, missing: number) => void;
  /** All of it is here, each part verified. What is on the disk is compared with that next. */
  readonly fetched: () => void;
  /** A member served what it cannot have. It is not asked any more. */
  readonly lied: (liar: Liar) => void;
  readonly now: () => number;
};

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Question = Without<Exclude<Parameters<typeof encodeSnapshotMessage>[0], SnapshotAnswer>, "id">;
type Waiting = { readonly seat: Seat; readonly done: (answer: SnapshotAnswer | undefined) => void };
type Run = { readonly first: number; readonly last: number };

/**
 * Fetches one snapshot from all members at once, a few runs of buckets from each at a time. A run comes from one member
 * alone, so that whoever lied is known; it is banned for this download and its run goes to another.
 */
export class SnapshotDownload {
  readonly #parts: SnapshotDownloadParts;
  readonly #waiting = new Map<number, Waiting>();
  readonly #banned = new Set<Seat>();
  readonly #working = new Map<Seat, Promise<void>>();
  /** What each member said last, checked and certified. */
  readonly #manifests = new Map<Seat, Manifest>();
  /** Buckets that a member is being asked for. */
  readonly #claimed = new Set<number>();
  #codesClaimed = false;
  #into: StateImport | undefined;
  #choosing: Promise<void> = Promise.resolve();
  #progressAt: number;
  #id = 0;
  #stopped = false;
  #failure: unknown;

  constructor(parts: SnapshotDownloadParts) {
    this.#parts = parts;
    this.#progressAt = parts.now();
  }

  get banned(): ReadonlySet<Seat> {
    return this.#banned;
  }

  /** A certified snapshot was found, and something of it came lately. */
  get moving(): boolean {
    return this.#into !== undefined && this.#parts.now() - this.#progressAt < STALE_MS;
  }

  /** An answer from a member; one that nobody waits for is dropped. */
  receive(from: Seat, answer: SnapshotAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting?.seat === from) waiting.done(answer);
  }

  /** Resolves when the snapshot is ready to be installed; false where the download was stopped. Throws what the disk says. */
  async run(): Promise<boolean> {
    while (!this.#stopped) {
      for (const seat of this.#parts.up()) this.#start(seat);
      await pause(PAUSE_MS / 5);
      if (this.#failure !== undefined) break;
      if (!(await this.#complete())) continue;
      this.stop();
      await Promise.all(this.#working.values());
      const into = this.#into;
      if (into === undefined || into.manifest.record.block.header.number < this.#parts.least()) break;
      this.#parts.fetched();
      await into.finish();
      return true;
    }
    this.stop();
    await Promise.all(this.#working.values());
    await this.#into?.close();
    if (this.#failure !== undefined) throw this.#failure;
    return false;
  }

  /** What was fetched stays for the next download. */
  stop(): void {
    this.#stopped = true;
    for (const { done } of this.#waiting.values()) done(undefined);
  }

  async #complete(): Promise<boolean> {
    const into = this.#into;
    if (into === undefined || into.missing.length > 0 || this.#claimed.size > 0 || this.#codesClaimed) return false;
    return (await into.wantedCodes(1)).length === 0;
  }

  #start(seat: Seat): void {
    if (this.#working.has(seat) || this.#banned.has(seat)) return;
    const work = this.#serve(seat)
      .catch((error: unknown) => {
        this.#failure ??= error;
        this.stop();
      })
      .finally(() => this.#working.delete(seat));
    this.#working.set(seat, work);
  }

  /** One member's part, until it fails to answer, lies, or there is nothing left to ask. */
  async #serve(seat: Seat): Promise<void> {
    const offer = await this.#ask(seat, { kind: "want", at: this.#parts.at() });
    if (offer?.kind !== "offer" || offer.block < this.#parts.least()) return pause(PAUSE_MS);
    const chosen = this.#into?.manifest.record.block.header.number;
    if (chosen !== undefined && chosen !== offer.block && !this.#stale()) return pause(PAUSE_MS);
    const manifest = await this.#manifest(seat, offer.block, offer.manifestBytes);
    if (manifest === undefined) return pause(PAUSE_MS);
    await this.#choose(manifest);
    const into = this.#into;
    if (into === undefined || !equal(into.manifest.record.block.hash, manifest.record.block.hash))
      return pause(PAUSE_MS);
    const lanes = Array.from({ length: LANES }, () => this.#fetch(seat, into, manifest));
    await Promise.all(lanes);
  }

  /** One run after the other, as long as the member has what is asked for. */
  async #fetch(seat: Seat, into: StateImport, manifest: Manifest): Promise<void> {
    while (!this.#stopped && !this.#banned.has(seat) && this.#into === into) {
      const run = this.#claim(into, manifest);
      const moved = run === undefined ? await this.#codes(seat, into) : await this.#run(seat, into, manifest, run);
      if (!moved) return pause(PAUSE_MS);
      this.#progressAt = this.#parts.now();
    }
  }

  async #manifest(seat: Seat, block: number, size: number): Promise<Manifest | undefined> {
    const known = this.#manifests.get(seat);
    if (known?.record.block.header.number === block) return known;
    if (size > MAX_MANIFEST_BYTES) return this.#lied(seat, "manifest");
    const parts: Uint8Array[] = [];
    for (let offset = 0; offset < size; ) {
      const manifest = { first: MANIFEST_PART, last: MANIFEST_PART };
      const piece = await this.#piece(seat, block, manifest, offset, size - offset);
      if (piece === undefined) return undefined;
      parts.push(piece);
      offset += piece.length;
    }
    const { chain, certified, maxBytes } = this.#parts;
    const checked = chain.checkManifest(Buffer.concat(parts));
    if (!checked.ok && checked.foreign) {
      this.#banned.add(seat);
      return undefined;
    }
    if (!checked.ok || checked.manifest.record.block.header.number !== block) return this.#lied(seat, "manifest");
    const { manifest } = checked;
    // Endless buckets would fill the disk before they show as false.
    if (manifest.sizes.reduce((sum, bytes) => sum + bytes, 0) > maxBytes) return this.#lied(seat, "manifest");
    if (!(await certified(manifest))) return this.#lied(seat, "certificate");
    this.#manifests.set(seat, manifest);
    return manifest;
  }

  /** Takes the first certified one, or a newer one where nobody serves that any more. One after the other. */
  #choose(manifest: Manifest): Promise<void> {
    const choice = this.#choosing.then(async () => {
      if (this.#stopped) return;
      const { number } = manifest.record.block.header;
      const chosen = this.#into?.manifest.record.block.header.number ?? 0;
      if (this.#into !== undefined && (number <= chosen || !this.#stale())) return;
      await this.#into?.close();
      this.#into = await this.#parts.chain.importSnapshot(manifest);
      this.#parts.chosen(number, this.#into.missing.length);
      this.#progressAt = this.#parts.now();
    });
    this.#choosing = choice.catch(() => undefined);
    return choice;
  }

  #stale(): boolean {
    if (this.#claimed.size > 0 || this.#codesClaimed) return false;
    return this.#parts.now() - this.#progressAt >= (this.#served() ? STALE_MS : ABANDONED_MS);
  }

  #served(): boolean {
    const chosen = this.#into?.manifest.record.block.header.number;
    for (const seat of this.#parts.up()) {
      const number = this.#manifests.get(seat)?.record.block.header.number;
      if (number === chosen && !this.#banned.has(seat)) return true;
    }
    return false;
  }

  /** Consecutive buckets that nobody fetches, as many as fit an answer, by the sizes that the member itself says. */
  #claim(into: StateImport, { sizes }: Manifest): Run | undefined {
    const free = into.missing.filter((bucket) => !this.#claimed.has(bucket));
    const [first] = free;
    if (first === undefined) return undefined;
    let last = first;
    let bytes = sizes[first] ?? 0;
    while (
      last - first + 1 < MAX_RUN_BUCKETS &&
      free.includes(last + 1) &&
      bytes + (sizes[last + 1] ?? 0) <= PIECE_BYTES
    )
      bytes += sizes[++last] ?? 0;
    for (let bucket = first; bucket <= last; bucket++) this.#claimed.add(bucket);
    return { first, last };
  }

  async #run(seat: Seat, into: StateImport, manifest: Manifest, run: Run): Promise<boolean> {
    const block = manifest.record.block.header.number;
    let total = 0;
    for (let bucket = run.first; bucket <= run.last; bucket++) total += manifest.sizes[bucket] ?? 0;
    try {
      let offset = 0;
      let rest: Uint8Array = new Uint8Array(0);
      for (let bucket = run.first; bucket <= run.last; bucket++) {
        const one = into.bucket(bucket);
        const size = manifest.sizes[bucket] ?? 0;
        while (one.size < size) {
          if (rest.length === 0) {
            const piece = await this.#piece(seat, block, run, offset, total - offset);
            if (piece === undefined) {
              await one.discard();
              return false;
            }
            rest = piece;
            offset += piece.length;
          }
          const bytes = rest.subarray(0, size - one.size);
          rest = rest.subarray(bytes.length);
          if (await one.push(bytes)) continue;
          await one.discard();
          this.#lied(seat, "bucket");
          return false;
        }
        if (await one.end()) continue;
        await one.discard();
        this.#lied(seat, "bucket");
        return false;
      }
      return true;
    } finally {
      for (let bucket = run.first; bucket <= run.last; bucket++) this.#claimed.delete(bucket);
    }
  }

  /** Codes that accounts name, once all accounts are here; one member at a time is asked. */
  async #codes(seat: Seat, into: StateImport): Promise<boolean> {
    if (into.missing.length > 0 || this.#codesClaimed) return false;
    this.#codesClaimed = true;
    try {
      const hashes = await into.wantedCodes(MAX_CODES);
      if (hashes.length === 0) return false;
      const answer = await this.#ask(seat, { kind: "get-codes", hashes });
      if (answer?.kind !== "codes" || answer.codes.length === 0) return false;
      if (await into.codes(hashes, answer.codes)) return true;
      this.#lied(seat, "code");
      return false;
    } finally {
      this.#codesClaimed = false;
    }
  }

  /** Undefined where the member does not answer or does not have it any more. Of what is left it sends all that fits. */
  async #piece(seat: Seat, block: number, run: Run, offset: number, left: number): Promise<Uint8Array | undefined> {
    const answer = await this.#ask(seat, { kind: "get", block, ...run, offset });
    if (answer?.kind !== "piece") return undefined;
    if (answer.bytes.length === Math.min(left, PIECE_BYTES)) return answer.bytes;
    return this.#lied(seat, run.first === MANIFEST_PART ? "manifest" : "bucket");
  }

  #ask(seat: Seat, question: Question): Promise<SnapshotAnswer | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    this.#id = (this.#id + 1) % 2 ** 32;
    const id = this.#id;
    return new Promise((resolve) => {
      const done = (answer: SnapshotAnswer | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => done(undefined), ANSWER_MS);
      this.#waiting.set(id, { seat, done });
      this.#parts.send(seat, encodeSnapshotMessage({ ...question, id }));
    });
  }

  #lied(seat: Seat, about: Liar["about"]): undefined {
    if (this.#banned.has(seat)) return;
    this.#banned.add(seat);
    this.#parts.lied({ seat, about });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
