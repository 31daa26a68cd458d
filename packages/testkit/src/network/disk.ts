import type { Clock, ContainerStore, InputLog, SlotJournal } from "@tributary/node/consensus/ports";
import { EvidenceIndex } from "@tributary/node/store/evidence-index";
import { slotHeight } from "@tributary/node/vault/slot-journal";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { Offence } from "@tributary/protocol/evidence/evidence";

/** How long a flush takes, drawn for each; 0 calls back at once. */
export type Latency = () => number;

/** Which writes a crash takes back: those that no flush covered. */
export class Durability {
  readonly #latency: Latency;
  #clock: Clock | undefined;
  #written = 0;
  #durable = 0;

  constructor(latency: Latency) {
    this.#latency = latency;
  }

  /** The clock of this life of the member: flushes of an earlier one never call back. */
  attach(clock: Clock): void {
    this.#clock = clock;
  }

  /** Serial of a new write. */
  write(): number {
    this.#written += 1;
    return this.#written;
  }

  survives(serial: number): boolean {
    return serial <= this.#durable;
  }

  /** Everything written so far survives from the moment of the call back. */
  flush(done: () => void): void {
    const mark = this.#written;
    const finish = (): void => {
      this.#durable = Math.max(this.#durable, mark);
      done();
    };
    const delay = this.#latency();
    if (delay === 0 || this.#clock === undefined) finish();
    else this.#clock.after(delay, finish);
  }
}

type Entry = { readonly bytes: Uint8Array; readonly serial: number };

export class MemoryLog implements InputLog {
  readonly #durability: Durability;
  readonly #inflation: number;
  #segments: Entry[][] = [];

  /** `inflation`: claims to hold so many bytes for each, so that a short run sees new segments. */
  constructor(durability: Durability, inflation: number) {
    this.#durability = durability;
    this.#inflation = inflation;
  }

  get segments(): number {
    return this.#segments.length;
  }

  get bytes(): number {
    return this.#inflation * (this.#segments.at(-1)?.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0);
  }

  append(record: Uint8Array): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined) throw new Error("the log was not started");
    segment.push({ bytes: record.slice(), serial: this.#durability.write() });
  }

  flush(done: () => void): void {
    this.#durability.flush(done);
  }

  *replay(): Iterable<Uint8Array> {
    for (const segment of this.#segments) for (const { bytes } of segment) yield bytes;
  }

  rotate(base: Uint8Array): void {
    this.#segments.push([]);
    this.append(base);
  }

  prune(): void {
    this.#segments = this.#segments.slice(-1);
  }

  /** Keeps the first record only: a log that a bad disk cut short. */
  truncate(): void {
    this.#segments = this.#segments.slice(0, 1).map((segment) => segment.slice(0, 1));
  }

  lose(): void {
    this.#segments = [];
  }

  crash(): void {
    this.#segments = this.#segments
      .map((segment) => segment.filter(({ serial }) => this.#durability.survives(serial)))
      .filter((segment) => segment.length > 0);
  }
}

export class MemoryJournal implements SlotJournal {
  readonly #durability: Durability;
  readonly #locks = new Map<string, { readonly value: HexHash; readonly serial: number }>();
  #floor = 0;
  /** Serial of the write that ended the silence; undefined while it lasts, 0 where there was none. */
  #remembered: number | undefined = 0;

  constructor(durability: Durability) {
    this.#durability = durability;
  }

  get silent(): boolean {
    return this.#remembered === undefined;
  }

  closed(height: number): boolean {
    return this.silent || height <= this.#floor;
  }

  remember(height: number): void {
    this.#floor = height;
    this.#remembered = this.#durability.write();
  }

  /** The disk is destroyed, and the vault knows of nothing that was signed since. */
  destroy(): void {
    this.#locks.clear();
    this.#floor = 0;
    this.#remembered = 0;
  }

  /** The disk lost all of it, and the vault knows that there was something. */
  lose(): void {
    this.#locks.clear();
    this.#remembered = undefined;
  }

  lock(slot: string, value: HexHash): boolean {
    if (this.closed(slotHeight(slot))) return false;
    const known = this.#locks.get(slot);
    if (known !== undefined) return known.value === value;
    this.#locks.set(slot, { value, serial: this.#durability.write() });
    return true;
  }

  flush(done: () => void): void {
    this.#durability.flush(done);
  }

  crash(): void {
    for (const [slot, { serial }] of this.#locks) if (!this.#durability.survives(serial)) this.#locks.delete(slot);
    if (!this.#durability.survives(this.#remembered ?? 0)) this.#remembered = undefined;
  }
}

/** Values by height, each with those before it that a crash may bring back. */
class Table {
  readonly #durability: Durability;
  readonly #versions = new Map<number, Entry[]>();

  constructor(durability: Durability) {
    this.#durability = durability;
  }

  get heights(): readonly number[] {
    return [...this.#versions.keys()];
  }

  put(height: number, bytes: Uint8Array): void {
    const kept = (this.#versions.get(height) ?? []).slice(-3);
    this.#versions.set(height, [...kept, { bytes: bytes.slice(), serial: this.#durability.write() }]);
  }

  get(height: number): Uint8Array | undefined {
    return this.#versions.get(height)?.at(-1)?.bytes;
  }

  crash(): void {
    for (const [height, versions] of this.#versions) {
      const survived = versions.filter(({ serial }) => this.#durability.survives(serial));
      if (survived.length === 0) this.#versions.delete(height);
      else this.#versions.set(height, survived);
    }
  }

  clear(): void {
    this.#versions.clear();
  }
}

export class MemoryStore implements ContainerStore {
  readonly #durability: Durability;
  readonly #orders: Table;
  readonly #containers: Table;
  readonly #bodies = new Map<string, Entry>();
  #index = new EvidenceIndex();
  #evidence: (Entry & { readonly offence: Offence })[] = [];

  constructor(durability: Durability) {
    this.#durability = durability;
    this.#orders = new Table(durability);
    this.#containers = new Table(durability);
  }

  get highestOrder(): number {
    return Math.max(0, ...this.#orders.heights);
  }

  get highestContainer(): number {
    return this.#containers.heights.length;
  }

  putOrder(height: number, order: Uint8Array): void {
    this.#orders.put(height, order);
  }

  order(height: number): Uint8Array | undefined {
    return this.#orders.get(height);
  }

  putContainer(height: number, container: Uint8Array): void {
    const { highestContainer } = this;
    if (height > highestContainer + 1) throw new Error(`container ${height} after ${highestContainer}`);
    this.#containers.put(height, container);
  }

  container(height: number): Uint8Array | undefined {
    return this.#containers.get(height);
  }

  putBody(height: number, digest: HexHash, body: Uint8Array): void {
    this.#bodies.set(`${height} ${digest}`, { bytes: body.slice(), serial: this.#durability.write() });
  }

  body(height: number, digest: HexHash): Uint8Array | undefined {
    return this.#bodies.get(`${height} ${digest}`)?.bytes;
  }

  /** The disk is destroyed. */
  lose(): void {
    this.#orders.clear();
    this.#containers.clear();
    this.#bodies.clear();
    this.#evidence = [];
    this.#index = new EvidenceIndex();
  }

  wantsEvidence(offence: Offence): boolean {
    return this.#index.wants(offence);
  }

  putEvidence(offence: Offence, evidence: Uint8Array): void {
    this.#index.add(offence);
    this.#evidence.push({ offence, bytes: evidence.slice(), serial: this.#durability.write() });
  }

  get evidence(): readonly Uint8Array[] {
    return this.#evidence.map(({ bytes }) => bytes);
  }

  flush(done: () => void): void {
    this.#durability.flush(done);
  }

  crash(): void {
    this.#orders.crash();
    this.#containers.crash();
    for (const [name, { serial }] of this.#bodies) if (!this.#durability.survives(serial)) this.#bodies.delete(name);
    this.#evidence = this.#evidence.filter(({ serial }) => this.#durability.survives(serial));
    this.#index = new EvidenceIndex();
    for (const { offence } of this.#evidence) this.#index.add(offence);
  }
}
