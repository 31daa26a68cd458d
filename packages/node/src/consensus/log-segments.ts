import type { Base, Height } from "@tributary/protocol/consensus/types";
import type { Border } from "./border.ts";
import type { Freeze } from "./freeze.ts";
import { encodeLogRecord } from "./log-record.ts";
import type { InputLog } from "./ports.ts";

/** Bytes in the newest log segment from which a new one is started. */
const ROTATE_BYTES = 8 << 20;
/** Heights by which finality must be past a segment's base before older segments go: the windows of the core. */
const ROTATE_MARGIN = 4;

/** Where the core is: what a segment starts from, and what the newest order moves. */
type Position = Pick<Base, "ordered" | "orderDigest" | "previousDigest" | "accepted">;

/** Segments of the input log. One holds all that its heights need. */
export class LogSegments {
  readonly #log: InputLog;
  readonly #border: Border;
  readonly #freeze: Freeze;
  readonly #start: Base;
  #newest: Position;
  /** c at the start of the newest segment. */
  #base: Height;

  constructor(log: InputLog, border: Border, freeze: Freeze, start: Base) {
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
    if (log.bytes < ROTATE_BYTES) return;
    const base: Base = { ...this.#start, ...this.#newest, final };
    log.rotate(encodeLogRecord({ kind: "base", base }));
    const { first } = this.#border;
    if (first !== undefined) log.append(encodeLogRecord({ kind: "border", first }));
    const { record } = this.#freeze;
    if (record !== undefined) log.append(encodeLogRecord(record));
    this.#base = base.ordered;
  }
}
