import { type LaterEpochs, type MemberRecord, type MemberSpec, NO_SEAT } from "@tributary/protocol/ports/member-host";
import type { Inherited } from "../consensus/member-config.ts";
import type { EraEnding } from "../consensus/member-context.ts";

/** Eras count first, and each counts its epochs anew. */
export type TermName = { readonly era: number; readonly epoch: number };

/** Negative where `a` comes first. */
export function compareTerms(a: TermName, b: TermName): number {
  return a.era - b.era || a.epoch - b.epoch;
}

/** The epochs of one chain in all its eras as the mainchain has them, the first one first. */
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

  /** Numbers of all epochs of an era. */
  epochsOf(era: number): ReadonlySet<number> {
    return new Set(this.#of(era).map(({ epoch }) => epoch));
  }

  of(term: TermName): MemberSpec | undefined {
    return this.#all().find((spec) => compareTerms(spec, term) === 0);
  }

  /** Any epoch of an era: all have one group key. */
  inEra(era: number): MemberSpec | undefined {
    return this.#of(era)[0];
  }

  /** Epochs before this one. */
  before(term: TermName): readonly MemberSpec[] {
    return this.#all().filter((spec) => compareTerms(spec, term) < 0);
  }

  /** How a Recovery ended the era, and what comes then; undefined while the era is in charge. */
  endingOf(era: number): EraEnding | undefined {
    const next = this.#all().find((spec) => spec.era > era && spec.beginning !== undefined);
    return next?.beginning === undefined ? undefined : { ...next.beginning, next };
  }

  /** What the first epoch of an era that a Recovery began takes over. */
  inheritedBy(spec: MemberSpec): Inherited | undefined {
    if (spec.beginning === undefined) return undefined;
    const old = this.#all().filter(({ era }) => era < spec.era);
    return {
      ...spec.beginning,
      committeeOf: (era, epoch) => {
        const one = old.find((known) => compareTerms(known, { era, epoch }) === 0);
        return one === undefined ? undefined : { members: one.members.length, committee: one.committee };
      },
      largest: Math.max(0, ...old.map(({ members }) => members.length)),
    };
  }

  /** Where nothing but this differs, nothing is new. */
  get name(): string {
    const joining = this.#later.joining.map(({ nodeId }) => nodeId);
    const terms = this.#all().map(({ era, epoch }) => `${era}.${epoch}`);
    return `${terms.join()}/${joining.join()}`;
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

  #of(era: number): readonly MemberSpec[] {
    return this.#all().filter((spec) => spec.era === era);
  }

  #all(): readonly MemberSpec[] {
    return [this.#first, ...this.#later.epochs];
  }
}
