import type { Base, Height } from "@tributary/protocol/consensus/types";
import type { Border } from "./border.ts";
import type { Freeze } from "./freeze.ts";
import { encodeLogRecord } from "./log-record.ts";
import type { InputLog } from "./ports.ts";

/**
 * Heights after which a new log segment is started, and bytes in the newest one from which it is worth that, and from
 * which it is due whatever the height. So little is replayed at a start: what a chain waits for when many members failed.
 */
const ROTATE_HEIGHTS = 32;
const ROTATE_BYTES = { least: 128 << 10, most: 8 << 20 };
/** Heights by which finality must be past a segment's base before older segments go: the windows of the core. */
const ROTATE_MARGIN = 4;

/** Where the core is: what a segment starts from, and what the newest order moves. */
type Position = Pick<Base, "ordered" | "orderDigest" | "previousDigest" | "accepted">;

/** Segments of the input log. One holds all that its heights need. */
export class LogSegments {
  readonly #log: InputLog;
  readonly #border: Pick<Border, "first">;
  readonly #freeze: Pick<Freeze, "record">;
  readonly #start: Base;
  #newest: Position;
  /** c at the start of the newest segment. */
  #base: Height;

  constructor(log: InputLog, border: Pick<Border, "first">, freeze: Pick<Freeze, "record">, start: Base) {
    this.#log = log;
    this.#border = border;
    this.#freeze = freeze;
    this.#start = start;
    this.#newest = start;
    this.#base = start.ordered;
  }

  /** Only where the log holds nothing. */
  begin(): void {
    this.#log.rotate(encodeLogRecord({ kind: "base", base: this.#start }));
  }

  /** The log that is read comes to a later segment. */
  replayed(base: Base): void {
    this.#base = base.ordered;
  }

  ordered(newest: Position): void {
    this.#newest = newest;
  }

  /** Older segments go once finality is past everything that was open at their end. `final`: highest height whose F is held. */
  committed(height: Height, final: Height): void {
    const log = this.#log;
    if (log.segments > 1) {
      if (height >= this.#base + ROTATE_MARGIN) log.prune();
      return;
    }
    const due = log.bytes >= ROTATE_BYTES.least && height >= this.#base + ROTATE_HEIGHTS;
    if (!due && log.bytes < ROTATE_BYTES.most) return;
    const base: Base = { ...this.#start, ...this.#newest, final };
    log.rotate(encodeLogRecord({ kind: "base", base }));
    const { first } = this.#border;
    if (first !== undefined) log.append(encodeLogRecord({ kind: "border", first }));
    const { record } = this.#freeze;
    if (record !== undefined) log.append(encodeLogRecord(record));
    this.#base = base.ordered;
  }
}
