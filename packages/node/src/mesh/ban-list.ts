const FIRST_MS = 5_000;
const LONGEST_MS = 300_000;
/** Milliseconds of good behaviour after which a node counts as new. */
const FORGET_MS = 600_000;

/** Nodes that broke the protocol and are left alone for a while, longer each time. */
export class BanList {
  readonly #entries = new Map<number, { until: number; length: number }>();

  ban(nodeId: number, now: number): void {
    const before = this.#entries.get(nodeId);
    const fresh = before === undefined || now - before.until > FORGET_MS;
    const length = fresh ? FIRST_MS : Math.min(2 * before.length, LONGEST_MS);
    this.#entries.set(nodeId, { until: now + length, length });
  }

  /** Milliseconds that the ban still lasts; 0 for none. */
  remaining(nodeId: number, now: number): number {
    return Math.max(0, (this.#entries.get(nodeId)?.until ?? 0) - now);
  }

  forget(nodeId: number): void {
    this.#entries.delete(nodeId);
  }
}
