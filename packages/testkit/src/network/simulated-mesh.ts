import type { Channel } from "@tributary/node/consensus/ports";
import { decode, type Limits, type Message, type MessageKind } from "@tributary/protocol/wire/index";
import type { NetworkScheduler } from "./network-scheduler.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** One end of the mesh. */
export interface Station {
  receive(from: number, channel: Channel, bytes: Uint8Array): void;
  peerUp(seat: number): void;
  peerDown(seat: number): void;
}

/** Milliseconds of each message; and, where members measure it, the least that one takes. */
type Delays = Pick<NetworkScheduler, "delay"> & { readonly least?: number };

/** Links between the stations. A reset loses everything in flight in both directions. */
export class SimulatedMesh {
  readonly #clock: VirtualClock;
  readonly #scheduler: Delays;
  readonly #limits: Limits;
  readonly #stations = new Map<number, Station>();
  /** By `low.high`: serial of the connection while it is up. */
  readonly #links = new Map<string, number>();
  readonly #decoded = new WeakMap<Uint8Array, { readonly message: Message | undefined }>();
  #serial = 0;
  messages = 0;
  /** What went over links, by kind: each receiver counts. */
  readonly traffic: Map<MessageKind, { messages: number; bytes: number }> = new Map();
  lost = 0;

  constructor(clock: VirtualClock, scheduler: Delays, limits: Limits) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#limits = limits;
  }

  /** The station is reachable from now on; links to all others come up. */
  join(seat: number, station: Station): void {
    this.#stations.set(seat, station);
    for (const other of this.#stations.keys()) if (other !== seat) this.connect(seat, other);
  }

  /** The station is gone with all its links. */
  leave(seat: number): void {
    this.#stations.delete(seat);
    for (const other of [...this.#stations.keys()]) this.disconnect(seat, other);
  }

  connect(a: number, b: number): void {
    const key = linkOf(a, b);
    const first = this.#stations.get(a);
    const second = this.#stations.get(b);
    if (this.#links.has(key) || first === undefined || second === undefined) return;
    this.#links.set(key, this.#serial++);
    first.peerUp(b);
    second.peerUp(a);
  }

  disconnect(a: number, b: number): void {
    if (!this.#links.delete(linkOf(a, b))) return;
    this.#stations.get(a)?.peerDown(b);
    this.#stations.get(b)?.peerDown(a);
  }

  send(from: number, to: number, channel: Channel, bytes: Uint8Array): void {
    const link = this.#links.get(linkOf(from, to));
    if (link === undefined) return;
    this.messages += 1;
    const kind = this.message(bytes)?.kind;
    if (kind !== undefined) {
      const sum = this.traffic.get(kind) ?? { messages: 0, bytes: 0 };
      sum.messages += 1;
      sum.bytes += bytes.length;
      this.traffic.set(kind, sum);
    }
    this.#clock.after(this.#scheduler.delay(from, to, this.message(bytes)), () => {
      if (this.#links.get(linkOf(from, to)) === link) this.#stations.get(to)?.receive(from, channel, bytes);
      else this.lost += 1;
    });
  }

  /** As members would have measured it. */
  get distance(): number {
    return this.#scheduler.least ?? 0;
  }

  /** What the bytes say, decoded once for all who look. */
  message(bytes: Uint8Array): Message | undefined {
    let entry = this.#decoded.get(bytes);
    if (entry === undefined) {
      entry = { message: decode(bytes, this.#limits) };
      this.#decoded.set(bytes, entry);
    }
    return entry.message;
  }
}

function linkOf(a: number, b: number): string {
  return a < b ? `${a}.${b}` : `${b}.${a}`;
}
