import { type LaterEpochs, type MemberRecord, type MemberSpec, NO_SEAT } from "@tributary/protocol/ports/member-host";

/** The epochs of one chain as the mainchain has them, the first one first. */
export class Committees {
  readonly #first: MemberSpec;
  readonly #later: LaterEpochs;

  constructor(first: MemberSpec, later: LaterEpochs = { epochs: [], joining: [] }) {
    this.#first = first;
    this.#later = later;
  }

  get first(): MemberSpec {
    return this.#first;
  }

  get later(): LaterEpochs {
    return this.#later;
  }

  get newest(): MemberSpec {
    return this.#later.epochs.at(-1) ?? this.#first;
  }

  /** Numbers of all epochs. */
  get epochs(): ReadonlySet<number> {
    return new Set(this.#all().map(({ epoch }) => epoch));
  }

  of(epoch: number): MemberSpec | undefined {
    return this.#all().find((spec) => spec.epoch === epoch);
  }

  /** Epochs before this one. */
  before(epoch: number): readonly MemberSpec[] {
    return this.#all().filter((spec) => spec.epoch < epoch);
  }

  /** Where nothing but this differs, nothing is new. */
  get name(): string {
    const { era } = this.#first;
    const joining = this.#later.joining.map(({ nodeId }) => nodeId);
    return `${era}/${[...this.epochs].join()}/${joining.join()}`;
  }

  /** Those whom a member of an epoch talks to: the committee by seat, after it the nodes of all other epochs as guests. */
  peersOf(spec: MemberSpec): readonly MemberRecord[] {
    const members = new Set(spec.members.map(({ nodeId }) => nodeId));
    const guests = new Map<number, MemberRecord>();
    for (const record of [...this.#all().flatMap((other) => other.members), ...this.#later.joining]) {
      if (!members.has(record.nodeId)) guests.set(record.nodeId, record);
    }
    const sorted = [...guests.values()].sort((a, b) => a.nodeId - b.nodeId).slice(0, NO_SEAT - members.size);
    return [...spec.members, ...sorted.map((record, index) => ({ ...record, seat: members.size + index }))];
  }

  #all(): readonly MemberSpec[] {
    return [this.#first, ...this.#later.epochs];
  }
}
