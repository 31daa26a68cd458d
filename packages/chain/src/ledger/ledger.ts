import { equal, uint } from "@tributary/protocol/bytes/bytes";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import type { Block } from "../block/block.ts";
import type { Receipt } from "../block/receipt.ts";
import { ChainError } from "../chain-error.ts";
import type { BucketSet, Change } from "../state/bucket-set.ts";
import { isCommitted } from "../state/flat-key.ts";
import { type StateReader, StateView, StoredState, type Values } from "../state/state-view.ts";
import { fromKey } from "../store/key.ts";
import type { KeyValueStore, StoreReader, Write } from "../store/key-value-store.ts";
import type { BlockRecord } from "./block-record.ts";
import { BlockStore } from "./block-store.ts";
import { createLedger } from "./create-ledger.ts";
import { type Departure, decodeDeparture, encodeDeparture } from "./departure.ts";
import { DEPARTURE_KEY, EARLIEST_KEY, HEAD_KEY, ORIGIN_KEY, USES_KEY } from "./ledger-key.ts";
import { type RewindPoint, RewindPoints } from "./rewind-points.ts";
import { StoredBuckets } from "./stored-buckets.ts";

/** Blocks whose state can be read behind the head, and the most changed entries kept for that. */
export const HISTORY_BLOCKS = 64;
const HISTORY_ENTRIES = 200_000;
const NO_VALUES: Values = new Map();

/** A block that was executed on top of another one. */
export type Layer = {
  readonly record: BlockRecord;
  readonly receipts: readonly Receipt[];
  readonly changes: readonly Change[];
  readonly values: Values;
  readonly view: StateView;
  readonly buckets: BucketSet;
  /** After the block. */
  readonly departure: Departure;
};

function departureWrite(departure: Departure): Write {
  return { key: DEPARTURE_KEY, value: encodeDeparture(departure) };
}

/** The newest certified block of a store that holds a chain. */
export function storedHead(store: StoreReader, blocks: BlockStore): BlockRecord {
  const number = store.get(HEAD_KEY);
  const head = number === undefined ? undefined : blocks.block(Number(Buffer.from(number).readBigUInt64BE(0)));
  if (head === undefined) throw new ChainError("store-damaged", "the head block is missing");
  return head;
}

/**
 * The certified chain in a store, and the executed blocks that wait for their certificates in memory. State after the
 * newest certified block is in the store; each block is written as one batch: state, accumulators, block, receipts,
 * indices and head pointer together or not at all.
 */
export class Ledger {
  readonly blocks: BlockStore;
  /** Not what it was opened with where the genesis state is not written yet; whoever reads or closes that uses this. */
  readonly store: KeyValueStore;
  readonly #stored: StoredState;
  #head: Block;
  #headView: StateView;
  #headBuckets: BucketSet;
  readonly #storedBuckets: StoredBuckets;
  #layers: Layer[] = [];
  readonly #history = new Map<number, { readonly view: StateView; readonly entries: number }>();
  #historyEntries = 0;
  #departure: Departure;
  #newUses: Uint8Array | undefined;
  readonly #points = new RewindPoints();

  private constructor(
    store: KeyValueStore,
    blocks: BlockStore,
    head: Block,
    [stored, buckets]: readonly [StoredBuckets, BucketSet],
  ) {
    this.store = store;
    this.#storedBuckets = stored;
    this.blocks = blocks;
    this.#stored = new StoredState(store);
    this.#head = head;
    this.#headView = new StateView(NO_VALUES, this.#stored);
    this.#headBuckets = buckets;
    this.#departure = decodeDeparture(store.get(DEPARTURE_KEY));
  }

  /** Opens the chain in the store, creating it in an empty one. ChainError `genesis-mismatch` or `store-damaged`. */
  static async open(opened: KeyValueStore, parameters: GenesisParameters): Promise<Ledger> {
    const store = await createLedger(opened, new BlockStore(opened), parameters);
    const blocks = new BlockStore(store);
    const head = storedHead(store, blocks);
    const stored = StoredBuckets.open(store, head.block.header.number);
    if (!equal(stored[1].root, head.block.header.stateRoot)) {
      throw new ChainError(
        "store-damaged",
        `the accumulators do not give the state root of block ${head.block.height}`,
      );
    }
    return new Ledger(store, blocks, head.block, stored);
  }

  /** Lowest block from which on all are held whole. */
  get earliest(): number {
    const stored = this.store.get(EARLIEST_KEY);
    return stored === undefined ? 0 : Number(Buffer.from(stored).readBigUInt64BE(0));
  }

  /** What certifies the block of the snapshot that this chain began with here; undefined where it began with genesis. */
  get origin(): Uint8Array | undefined {
    return this.store.get(ORIGIN_KEY);
  }

  /** What `keepUses` was given last, as far as a block was written since. */
  get keptUses(): Uint8Array | undefined {
    return this.store.get(USES_KEY);
  }

  /** Written with the next block: it is no loss where none follows. */
  keepUses(encoded: Uint8Array): void {
    this.#newUses = encoded;
  }

  /** Newest certified block. */
  get head(): Block {
    return this.#head;
  }

  /** State after it. */
  get headState(): StateReader {
    return this.#headView;
  }

  /** Height of the newest container whose execution is over: the head's, unless that was taken back. */
  get height(): number {
    return Math.max(this.#head.height, this.#departure.height);
  }

  /** Where the head departs from its container. */
  get departure(): Departure {
    return this.#departure;
  }

  /** Newest executed block, and the height of its container: what the next one is executed on. */
  get tip(): {
    readonly block: Block;
    readonly height: number;
    readonly view: StateReader;
    readonly buckets: BucketSet;
    readonly departure: Departure;
  } {
    const top = this.#layers[this.#layers.length - 1];
    if (top === undefined) {
      const [view, buckets, departure] = [this.#headView, this.#headBuckets, this.#departure];
      return { block: this.#head, height: this.height, view, buckets, departure };
    }
    const { block } = top.record;
    return { block, height: block.height, view: top.view, buckets: top.buckets, departure: top.departure };
  }

  /** Some executed block waits for its certificate. */
  get hasLayers(): boolean {
    return this.#layers.length > 0;
  }

  /** Hash of an executed block, certified or not. */
  hash(number: number): Uint8Array | undefined {
    const layer = this.#layers[number - this.#head.header.number - 1];
    if (layer !== undefined) return layer.record.block.hash;
    return number < 0 || number > this.#head.header.number ? undefined : this.blocks.hash(number);
  }

  /** State after a certified block; undefined where it is not held any more. */
  state(number: number): StateReader | undefined {
    return number === this.#head.header.number ? this.#headView : this.#history.get(number)?.view;
  }

  /** Oldest block whose state is held. */
  get oldestState(): number {
    const [oldest] = this.#history.keys();
    return oldest ?? this.#head.header.number;
  }

  /** Accumulators and state root after the changes of a block on the tip. */
  bucketsAfter(changes: readonly Change[]): BucketSet {
    return this.tip.buckets.apply(changes.filter(({ key }) => isCommitted(key)));
  }

  /** Puts an executed block on the tip. */
  push(layer: Pick<Layer, "record" | "receipts" | "changes" | "buckets" | "departure">): void {
    const values: Values = new Map(layer.changes.map(({ key, after }) => [key, after]));
    const view = new StateView(values, this.tip.view);
    this.#layers.push({ ...layer, values, view });
  }

  /** Drops all blocks above `height`: those up to it are certified and about to be written. */
  rollback(height: number): void {
    this.#layers = this.#layers.filter(({ record }) => record.block.height <= height);
  }

  /** Writes the oldest layer, whose height must be `height`, and makes it the head. One at a time. */
  async commit(height: number): Promise<Layer> {
    const [layer] = this.#layers;
    if (layer === undefined || layer.record.block.height !== height) {
      throw new RangeError(`height ${height} is not the next one to commit`);
    }
    const { record, receipts, changes, buckets, view, departure } = layer;
    const undo: Values = new Map(changes.map(({ key, before }) => [key, before]));
    const uses = this.#newUses;
    this.#newUses = undefined;
    const previous = this.#headView;
    previous.become(undo, view);
    view.become(layer.values, this.#stored);
    const { number } = record.block.header;
    await this.store.write([
      ...changes.map(({ key, after }) => ({ key: fromKey(key), value: after })),
      ...this.#storedBuckets.writes(number, changes, buckets),
      ...this.blocks.writes(record, receipts),
      { key: HEAD_KEY, value: uint(number, 8) },
      ...(departure === this.#departure ? [] : [departureWrite(departure)]),
      ...(uses === undefined ? [] : [{ key: USES_KEY, value: uses }]),
    ]);
    this.#departure = departure;
    this.#points.note(changes);
    this.#stored.update(layer.values);
    view.become(NO_VALUES, this.#stored);
    this.blocks.remember(record, receipts);
    this.#remember(number - 1, previous, undo.size);
    this.#head = record.block;
    this.#headView = view;
    this.#headBuckets = buckets;
    this.#layers = this.#layers.filter((other) => other !== layer);
    return layer;
  }

  /** The clock of a chain under development, from the next block on. Only while no block waits for its certificate. */
  async setClock(clock: Partial<Pick<Departure, "shift" | "next">>): Promise<void> {
    const departure = { ...this.#departure, ...clock };
    await this.store.write([departureWrite(departure)]);
    this.#departure = departure;
  }

  /** Remembers the head and what waits, in memory. Only while no block waits for its certificate. */
  mark(waiting: RewindPoint["waiting"]): number {
    const { shift, next } = this.#departure;
    const { number } = this.#head.header;
    return this.#points.add({ number, buckets: this.#headBuckets, clock: { shift, next }, waiting });
  }

  /**
   * Takes the chain back to what `mark` remembered, with its clock, in one batch, and gives what waited then; undefined
   * where that is not remembered any more. The containers after it count as executed. Only while no block waits for its certificate.
   */
  async rewind(id: number): Promise<RewindPoint["waiting"] | undefined> {
    const point = this.#points.find(id);
    const head = point === undefined ? undefined : this.blocks.block(point.number)?.block;
    if (point === undefined || head === undefined) return undefined;
    const { number, buckets, undo, waiting } = point;
    const departure: Departure = { ...point.clock, height: this.height };
    const kept = number === this.#head.header.number ? this.#headView : this.#history.get(number)?.view;
    const view = kept ?? new StateView(NO_VALUES, this.#stored);
    const gone = Array.from({ length: this.#head.header.number - number }, (_, index) => number + 1 + index);
    view.become(undo, this.#stored);
    await this.store.write([
      ...[...undo].map(([key, before]) => ({ key: fromKey(key), value: before })),
      ...this.#storedBuckets.rewrite(buckets),
      ...gone.flatMap((block) => this.blocks.removals(block)),
      { key: HEAD_KEY, value: uint(number, 8) },
      departureWrite(departure),
    ]);
    this.#stored.update(undo);
    view.become(NO_VALUES, this.#stored);
    for (const block of gone) this.blocks.forget(block);
    this.#forgetFrom(number);
    this.#points.spend(id);
    this.#departure = departure;
    this.#head = head;
    this.#headView = view;
    this.#headBuckets = buckets;
    return waiting;
  }

  /**
   * Removes the oldest blocks below `below`, at most so many, and says whether there are more. One batch: `earliest` moves
   * with what it stands for. Block 0 stays: it says which chain this is.
   */
  async prune(below: number, limit: number): Promise<boolean> {
    if (below > this.#head.header.number) throw new RangeError(`block ${below} is not below the head`);
    const { earliest } = this;
    if (below <= Math.max(earliest, 1)) return false;
    const from = this.#lowestHeader(Math.max(earliest, 1));
    const end = Math.min(below, Math.max(from, earliest) + limit);
    const removals: Write[] = [];
    for (let number = from; number < end; number++) removals.push(...this.blocks.removals(number));
    // What certified the first block here stands in the store of containers by now, with those of later ones.
    await this.store.write([
      ...removals,
      { key: EARLIEST_KEY, value: uint(end, 8) },
      { key: ORIGIN_KEY, value: undefined },
    ]);
    for (let number = from; number < end; number++) this.blocks.forget(number);
    return end < below;
  }

  /** States from a block on are read no more as those of past blocks. */
  #forgetFrom(number: number): void {
    for (const [known, { entries }] of this.#history) {
      if (known < number) continue;
      this.#history.delete(known);
      this.#historyEntries -= entries;
    }
  }

  /** Of the headers without blocks that a snapshot left below `number`. */
  #lowestHeader(number: number): number {
    let lowest = number;
    while (lowest > 1 && this.blocks.hash(lowest - 1) !== undefined) lowest--;
    return lowest;
  }

  #remember(number: number, view: StateView, entries: number): void {
    this.#history.set(number, { view, entries });
    this.#historyEntries += entries;
    for (const [oldest, kept] of this.#history) {
      if (this.#history.size <= HISTORY_BLOCKS && this.#historyEntries <= HISTORY_ENTRIES) break;
      this.#history.delete(oldest);
      this.#historyEntries -= kept.entries;
    }
  }
}
