import { type LaterEpochs, type MemberRecord, type MemberSpec, NO_SEAT } from "@tributary/protocol/ports/member-host";
import type { Inherited } from "../consensus/member-config.ts";
import type { EraBorder, EraEnding } from "../consensus/member-context.ts";
import { compareTerms, type TermName } from "../consensus/term-name.ts";

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

  /** Where the era after this one begins by schedule; undefined while the mainchain does not know. */
  borderOf(era: number): EraBorder | undefined {
    const [next] = this.#of(era + 1);
    return next === undefined || next.beginning !== undefined || next.firstHeight === 0
      ? undefined
      : { first: next.firstHeight, next };
  }

  /** The height above which certificates of the era count no more, as far as the mainchain knows. */
  lastHeightOf(era: number): number {
    const shown = (this.borderOf(era)?.first ?? Number.POSITIVE_INFINITY) - 1;
    return Math.min(shown, this.endingOf(era)?.finalHeight ?? Number.POSITIVE_INFINITY);
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
    };
  }

  /** The last epoch in which the node had a seat; undefined where it has one, is to have one, or never had one. */
  lastSeatOf(nodeId: number): TermName | undefined {
    const isNode = (record: MemberRecord): boolean => record.nodeId === nodeId;
    const last = this.#all().findLast(({ members }) => members.some(isNode));
    return last === this.newest || this.#later.joining.some(isNode) ? undefined : last;
  }

  /** Where nothing but this differs, nothing is new. */
  get name(): string {
    const joining = this.#later.joining.map(({ nodeId }) => nodeId);
    const terms = this.#all().map(({ era, epoch, firstHeight }) => `${era}.${epoch}.${firstHeight}`);
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
