import { crc32 } from "node:zlib";
import { levelDamage } from "@tributary/chain/store/level-damage";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { decodeEvidence } from "@tributary/protocol/evidence/codec";
import type { Offence } from "@tributary/protocol/evidence/evidence";
import { isDiskFull } from "@tributary/protocol/files/disk-full";
import { otherFormat } from "@tributary/protocol/files/other-format";
import { ClassicLevel } from "classic-level";
import type { ContainerStore } from "../consensus/ports.ts";
import { NodeError } from "../fault/node-error.ts";
import { EvidenceIndex, offenceName } from "./evidence-index.ts";

/** Raised when the meaning of stored bytes changes. Another version in a folder is refused, never guessed at. */
const FORMAT = 1;
const FORMAT_KEY: Uint8Array = Uint8Array.of(0);
/** First byte of a key; a height follows in eight bytes, so that order is by height. */
const ORDER = 0x6f;
const CONTAINER = 0x63;
const EVIDENCE = 0x45;
const BODY = 0x62;

type Database = ClassicLevel<Uint8Array, Uint8Array>;
type Entry = { readonly key: Uint8Array; readonly value: Uint8Array };

/** Some of the kept evidence, by height, and where the rest begins. */
export type EvidencePage = { readonly evidence: readonly Uint8Array[]; readonly next?: Uint8Array };

/**
 * Consensus blobs of one member on LevelDB, each with a checksum. Writes are visible at once and go to disk in synced
 * batches: while one is under way, what is put meanwhile is gathered for the next.
 */
export class LevelContainerStore implements ContainerStore {
  readonly #database: Database;
  readonly #folder: string;
  readonly #failed: (error: Error) => void;
  /** Not durable yet, by key in hex; a batch under way stays here until it is done. */
  readonly #fresh = new Map<string, Entry>();
  #queue: Entry[] = [];
  #waiting: (() => void)[] = [];
  #working: Promise<void> | undefined;
  #closed = false;
  #highestOrder = 0;
  #highestContainer = 0;
  readonly #evidence = new EvidenceIndex();
  #batches = 0;

  /**
   * Opens or creates; `store-locked`, `store-damaged` or `store-format` where that fails. `failed` is called once when
   * the disk refuses a write, or with what a callback threw: from then on no flush calls back.
   */
  static async open(folder: string, failed: (error: Error) => void): Promise<LevelContainerStore> {
    const damage = levelDamage(folder);
    if (damage !== undefined) throw new NodeError("store-damaged", `the database in ${folder} is damaged: ${damage}`);
    const database: Database = new ClassicLevel(folder, { keyEncoding: "view", valueEncoding: "view" });
    try {
      await database.open();
      const store = new LevelContainerStore(database, folder, failed);
      await store.#load();
      return store;
    } catch (error) {
      await database.close();
      throw openFailure(folder, error);
    }
  }

  private constructor(database: Database, folder: string, failed: (error: Error) => void) {
    this.#database = database;
    this.#folder = folder;
    this.#failed = failed;
  }

  get highestOrder(): number {
    return this.#highestOrder;
  }

  get highestContainer(): number {
    return this.#highestContainer;
  }

  get evidenceCount(): number {
    return this.#evidence.size;
  }

  /** Synced batches so far. */
  get batches(): number {
    return this.#batches;
  }

  putOrder(height: number, order: Uint8Array): void {
    this.#put(key(ORDER, height), order);
    this.#highestOrder = Math.max(this.#highestOrder, height);
  }

  order(height: number): Uint8Array | undefined {
    return this.#get(key(ORDER, height));
  }

  putContainer(height: number, container: Uint8Array): void {
    this.#put(key(CONTAINER, height), container);
    this.#highestContainer = Math.max(this.#highestContainer, height);
  }

  container(height: number): Uint8Array | undefined {
    return this.#get(key(CONTAINER, height));
  }

  putBody(height: number, digest: HexHash, body: Uint8Array): void {
    this.#put(key(BODY, height, digest), body);
  }

  body(height: number, digest: HexHash): Uint8Array | undefined {
    return this.#get(key(BODY, height, digest));
  }

  /**
   * Removes orders and containers below a height, and never the newest of both: a member that took over a snapshot has
   * blocks above what it keeps here. Evidence stays. In steps of its own, with nothing lost where a crash cuts them: what
   * is left goes the next time.
   */
  async prune(height: number): Promise<void> {
    const below = Math.min(height, this.#highestOrder, this.#highestContainer);
    for (const kind of [CONTAINER, ORDER, BODY]) {
      try {
        await this.#database.clear({ gte: Uint8Array.of(kind), lt: key(kind, below) });
      } catch (cause) {
        throw new NodeError("store-failed", `the database in ${this.#folder} cannot be written`, { cause });
      }
    }
  }

  wantsEvidence(offence: Offence): boolean {
    return this.#evidence.wants(offence);
  }

  /** The first proof of an offence stays. */
  putEvidence(offence: Offence, evidence: Uint8Array): void {
    if (!this.#evidence.wants(offence)) return;
    this.#evidence.add(offence);
    this.#put(key(EVIDENCE, offence.height, offenceName(offence)), evidence);
  }

  /** What is kept and durable, by height, from `next` of an earlier page on. */
  async evidence(limit: number, from?: Uint8Array): Promise<EvidencePage> {
    const all = span(EVIDENCE);
    const gte = from !== undefined && from[0] === EVIDENCE ? from : all.gte;
    const evidence: Uint8Array[] = [];
    for await (const [at, stored] of this.#database.iterator({ ...all, gte, limit: limit + 1 })) {
      if (evidence.length === limit) return { evidence, next: at };
      evidence.push(this.#checked(stored).slice());
    }
    return { evidence };
  }

  flush(done: () => void): void {
    if (this.#closed) return;
    if (this.#queue.length === 0 && this.#working === undefined) {
      done();
      return;
    }
    this.#waiting.push(done);
    this.#start();
  }

  /** Idempotent. What was put is durable, and accepted flushes have called back, when this resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    await this.#database.close();
  }

  async #load(): Promise<void> {
    const format = await this.#database.get(FORMAT_KEY);
    if (format === undefined) {
      const [other] = await this.#database.keys({ limit: 1 }).all();
      if (other !== undefined) throw new NodeError("store-format", `${this.#folder} is not a store of containers`);
      await this.#database.put(FORMAT_KEY, Uint8Array.of(FORMAT), { sync: true });
    } else if (format.length !== 1 || format[0] !== FORMAT) {
      throw new NodeError("store-format", otherFormat(this.#folder, format[0] ?? 0, FORMAT));
    }
    this.#highestOrder = await this.#highest(ORDER);
    this.#highestContainer = await this.#highest(CONTAINER);
    for await (const stored of this.#database.values(span(EVIDENCE))) {
      const evidence = decodeEvidence(this.#checked(stored));
      if (evidence === undefined) throw new NodeError("store-damaged", `${this.#folder} holds no evidence as such`);
      this.#evidence.add(evidence);
    }
  }

  async #highest(kind: number): Promise<number> {
    const [last] = await this.#database.keys({ ...span(kind), reverse: true, limit: 1 }).all();
    return last === undefined ? 0 : Number(Buffer.from(last).readBigUInt64BE(1));
  }

  #get(at: Uint8Array): Uint8Array | undefined {
    const fresh = this.#fresh.get(Buffer.from(at).toString("hex"));
    if (fresh !== undefined) return fresh.value;
    let stored: Uint8Array | undefined;
    try {
      stored = this.#database.getSync(at);
    } catch (cause) {
      throw new NodeError("store-damaged", `the database in ${this.#folder} cannot be read`, { cause });
    }
    return stored === undefined ? undefined : this.#checked(stored);
  }

  #checked(stored: Uint8Array): Uint8Array {
    const value = new Uint8Array(stored.buffer, stored.byteOffset + 4, Math.max(0, stored.length - 4));
    if (stored.length < 4 || Buffer.from(stored.buffer, stored.byteOffset, 4).readUInt32BE() !== crc32(value)) {
      throw new NodeError("store-damaged", `the database in ${this.#folder} holds a record with a bad checksum`);
    }
    return value;
  }

  #put(at: Uint8Array, value: Uint8Array): void {
    if (this.#closed) return;
    const entry = { key: at, value: new Uint8Array(value) };
    this.#fresh.set(Buffer.from(at).toString("hex"), entry);
    this.#queue.push(entry);
    this.#start();
  }

  #start(): void {
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    try {
      // The rest of this turn joins the first batch.
      await Promise.resolve();
      while (this.#queue.length > 0 || this.#waiting.length > 0) {
        const entries = this.#queue;
        const waiting = this.#waiting;
        this.#queue = [];
        this.#waiting = [];
        if (entries.length > 0) await this.#write(entries);
        for (const done of waiting) done();
      }
    } catch (error) {
      this.#closed = true;
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#working = undefined;
    }
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    try {
      const operations = entries.map((entry) => ({ type: "put" as const, key: entry.key, value: seal(entry.value) }));
      await this.#database.batch(operations, { sync: true });
    } catch (cause) {
      throw new NodeError("store-failed", `the database in ${this.#folder} cannot be written`, { cause });
    }
    this.#batches++;
    for (const entry of entries) {
      const name = Buffer.from(entry.key).toString("hex");
      if (this.#fresh.get(name) === entry) this.#fresh.delete(name);
    }
  }
}

function key(kind: number, height: number, suffix = ""): Uint8Array {
  const bytes = Buffer.alloc(9 + Buffer.byteLength(suffix));
  bytes.writeUInt8(kind);
  bytes.writeBigUInt64BE(BigInt(height), 1);
  bytes.write(suffix, 9);
  return bytes;
}

function span(kind: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) };
}

function seal(value: Uint8Array): Uint8Array {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(value));
  return Buffer.concat([sum, value]);
}

function openFailure(folder: string, error: unknown): NodeError {
  if (error instanceof NodeError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message : String(cause);
  if (isDiskFull(cause)) return new NodeError("store-full", `no room for the database in ${folder}: ${why}`, { cause });
  const locked = cause instanceof Error && "code" in cause && cause.code === "LEVEL_LOCKED";
  return locked
    ? new NodeError("store-locked", `the database in ${folder} is in use by another process`, { cause })
    : new NodeError("store-damaged", `the database in ${folder} cannot be opened: ${why}`, { cause });
}
