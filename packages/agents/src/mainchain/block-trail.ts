/** A block that was delivered, by number and hash. */
export type BlockMark = { readonly number: bigint; readonly hash: `0x${string}` };

/** Marks of the newest delivered blocks, ascending. Bounded; what falls out cannot be returned to. */
export class BlockTrail {
  readonly #marks: BlockMark[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get last(): BlockMark | undefined {
    return this.#marks.at(-1);
  }

  push(mark: BlockMark): void {
    const last = this.last;
    if (last !== undefined && mark.number <= last.number) throw new RangeError("marks must ascend");
    this.#marks.push(mark);
    if (this.#marks.length > this.#limit) this.#marks.shift();
  }

  /** Newest first. */
  *newestFirst(): Iterable<BlockMark> {
    for (let i = this.#marks.length - 1; i >= 0; i--) {
      const mark = this.#marks[i];
      if (mark !== undefined) yield mark;
    }
  }

  /** Forgets every mark above `number`. */
  cut(number: bigint): void {
    while ((this.last?.number ?? -1n) > number) this.#marks.pop();
  }
}
