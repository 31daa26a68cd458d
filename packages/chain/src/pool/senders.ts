import { SenderQueue, type Waiting } from "./sender-queue.ts";

/** The queues of all senders with something that waits, and which of them have gaps, so that nobody looks for one in all. */
export class Senders {
  readonly #queues = new Map<string, SenderQueue>();
  readonly #gapped = new Set<SenderQueue>();

  get(key: string): SenderQueue | undefined {
    return this.#queues.get(key);
  }

  values(): Iterable<SenderQueue> {
    return this.#queues.values();
  }

  /** All queues with transactions behind a gap, and some that had some. */
  get gapped(): Iterable<SenderQueue> {
    return this.#gapped;
  }

  /** The sender's queue, or a new one from the nonce on that the chain expects next. */
  open(key: string, next: bigint): SenderQueue {
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new SenderQueue(next);
      this.#queues.set(key, queue);
    }
    return queue;
  }

  /** Gives what stood at the transaction's nonce. */
  put(queue: SenderQueue, waiting: Waiting): Waiting | undefined {
    const before = queue.put(waiting);
    this.#noteGap(queue);
    return before;
  }

  remove(queue: SenderQueue, nonce: bigint): Waiting | undefined {
    const gone = queue.remove(nonce);
    this.#noteGap(queue);
    return gone;
  }

  /** Drops the queue where nothing waits in it any more; whether that was so. */
  tidy(key: string, queue: SenderQueue): boolean {
    if (queue.size > 0) return false;
    this.#gapped.delete(queue);
    return this.#queues.delete(key);
  }

  clear(): void {
    this.#queues.clear();
    this.#gapped.clear();
  }

  #noteGap(queue: SenderQueue): void {
    if (queue.size > queue.ready.length) this.#gapped.add(queue);
    else this.#gapped.delete(queue);
  }
}
