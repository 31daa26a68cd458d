type Entry<T> = { readonly time: number; readonly serial: number; readonly event: T };

/** Events by time; equal times in the order of posting. A binary heap. */
export class EventQueue<T> {
  readonly #heap: Entry<T>[] = [];
  #serial = 0;
  #now = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the event that was taken last. */
  get now(): number {
    return this.#now;
  }

  post(delay: number, event: T): void {
    const entry = { time: this.#now + delay, serial: this.#serial++, event };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry<T>;
      if (before(above, entry)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  take(): T | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return undefined;
    this.#now = top.time;
    if (heap.length === 0) return top.event;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as Entry<T>)) child += 1;
      if (before(last, heap[child] as Entry<T>)) break;
      heap[at] = heap[child] as Entry<T>;
      at = child;
    }
    heap[at] = last;
    return top.event;
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.time < b.time || (a.time === b.time && a.serial < b.serial);
}
