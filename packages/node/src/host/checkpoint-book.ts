import type { Checkpoint, HexHash } from "@tributary/protocol/consensus/types";
import type { ForkSchedule, ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import type { EraStanding, MainchainView, ReadyEpoch } from "../consensus/ports.ts";
import { EraWatch } from "./era-watch.ts";

/** Checkpoints kept: at one every 12 s about nine days. */
const MAX_KEPT = 65_536;
/** Newest ones that a proposal names. */
const MAX_PROPOSED = 4;
/** Questions under way to the mainchain, and answers about contradictions that are kept. */
const MAX_LOOKUPS = 16;
/** Blocks kept that were finalised until the mainchain went back behind them. */
const MAX_RETIRED = 1_024;
/** Without a word of the mainchain for so long, members sign nothing more. consensus.md 15. */
export const SILENCE_MS: number = 12 * 3_600_000;
/** Ready epochs kept of a group: the newest ones. */
const MAX_EPOCHS = 64;
/** Announcements kept of a group: the contract takes no more, so that all members know the same ones. */
const MAX_FORKS = 255;

/** Hash of a finalised block; undefined where there is none or the mainchain is away. */
export type CheckpointLookup = (number: number) => Promise<HexHash | undefined>;

/**
 * The finalised mainchain blocks that this node has seen. Whoever watches the mainchain enters them; one that was passed
 * over between two looks is asked for when an order names it. A mainchain that takes back what it had called final
 * contradicts itself: then both of its words count, because other members may have acted upon either.
 */
export class CheckpointBook implements MainchainView {
  readonly #lookup: CheckpointLookup | undefined;
  readonly #looks: number;
  /** Numbers that no proposal names yet, and how many answers are to come first. Ascending. */
  #fresh: { readonly number: number; answers: number }[] = [];
  /** Ascending by number. */
  #entries: Checkpoint[] = [];
  /** Ascending by number; taken back by the mainchain. */
  #retired: Checkpoint[] = [];
  /** Blocks, the first and the last included, about which the mainchain may have said two things. */
  #disputed: { readonly from: number; readonly to: number } | undefined;
  readonly #asking = new Set<number>();
  /** Epochs that are ready, by group; ascending. */
  readonly #ready = new Map<HexHash, readonly (ReadyEpoch & { readonly era: number })[]>();
  /** Recoveries. */
  readonly eras: EraWatch;
  /** Announced changes of the rules, by group; in the mainchain's order. */
  readonly #forks = new Map<HexHash, readonly ScheduledFork[]>();
  /** Highest block that was ever entered: everything up to it was read once. */
  #through = 0;
  /** What the mainchain says now where an order contradicts an entry. */
  readonly #confirmed = new Map<number, HexHash>();

  /**
   * `looks`: proposals name a block once the mainchain has answered so many looks of this node, that which brought the
   * block included. A member that has not seen what an order names waits with execution: should the mainchain be gone
   * just then, those that saw it must be enough. A clock would not do: the mainchain may have stopped before others
   * looked, and nodes look less often while nothing happens there.
   */
  constructor(
    lookup?: CheckpointLookup,
    looks: number = 0,
    now: () => number = () => performance.now(),
    silence: number = SILENCE_MS,
  ) {
    this.eras = new EraWatch(silence, now);
    this.#lookup = lookup;
    this.#looks = looks;
  }

  /** READY of an epoch is in a block of the mainchain. Before any checkpoint at or above that block is entered. */
  ready(group: HexHash, era: number, epoch: number, block: number): void {
    const others = (this.#ready.get(group) ?? []).filter((known) => known.era !== era || known.epoch !== epoch);
    this.#ready.set(group, [...others, { era, epoch, block }].slice(-MAX_EPOCHS));
  }

  /** The mainchain announces other rules from `time` (seconds) on. Before any checkpoint at or above that block is entered. */
  fork(group: HexHash, rules: number, time: number, block: number): void {
    const known = (this.#forks.get(group) ?? []).filter((entry) => entry.rules !== rules || entry.block !== block);
    this.#forks.set(group, [...known, { rules, time, block, cancelled: undefined }].slice(-MAX_FORKS));
  }

  /** It takes back the newest announcement of these rules. */
  forkCancelled(group: HexHash, rules: number, block: number): void {
    const known = this.#forks.get(group) ?? [];
    const newest = known.findLastIndex((entry) => entry.rules === rules);
    this.#forks.set(
      group,
      known.map((entry, at) => (at === newest ? { ...entry, cancelled: block } : entry)),
    );
  }

  forks(group: HexHash): ForkSchedule {
    return { entries: this.#forks.get(group) ?? [], through: this.#through };
  }

  readyEpochs(group: HexHash, era: number): readonly ReadyEpoch[] {
    return this.#ready.get(group)?.filter((known) => known.era >= era) ?? [];
  }

  standing(group: HexHash, era: number, age: number): EraStanding {
    return this.eras.standing(group, era, age);
  }

  /** Enters newly finalised blocks, ascending; what is not above the newest is ignored. */
  advance(checkpoints: readonly Checkpoint[]): void {
    for (const checkpoint of checkpoints) {
      const newest = this.#entries.at(-1);
      if (newest !== undefined && checkpoint.number <= newest.number) continue;
      this.#entries.push(checkpoint);
      this.#through = Math.max(this.#through, checkpoint.number);
      if (this.#looks > 0) this.#fresh.push({ number: checkpoint.number, answers: this.#looks });
    }
    this.#fresh = this.#fresh.slice(-MAX_KEPT);
    if (this.#entries.length > MAX_KEPT) this.#entries.splice(0, this.#entries.length - MAX_KEPT);
  }

  /** The mainchain answered just now, and everything that it had was entered. */
  answered(): void {
    this.eras.heard();
    for (const fresh of this.#fresh) fresh.answers -= 1;
    this.#fresh = this.#fresh.filter(({ answers }) => answers > 0);
  }

  /**
   * The mainchain went back: what was above `number` is void. `highest`: the newest block that it may have called final
   * to anybody before that.
   */
  retreat(number: number, highest: number = this.#entries.at(-1)?.number ?? number): void {
    if (highest > number) {
      const { from, to } = this.#disputed ?? { from: number + 1, to: highest };
      this.#disputed = { from: Math.min(from, number + 1), to: Math.max(to, highest) };
    }
    for (const [group, epochs] of this.#ready) {
      const standing = epochs.filter(({ block }) => block <= number);
      if (standing.length === 0) this.#ready.delete(group);
      else this.#ready.set(group, standing);
    }
    for (const [group, entries] of this.#forks) this.#forks.set(group, standingBelow(entries, number));
    const gone = this.#entries.filter((entry) => entry.number > number);
    this.#entries = this.#entries.filter((entry) => entry.number <= number);
    this.#retired = [...this.#retired, ...gone].sort((a, b) => a.number - b.number).slice(-MAX_RETIRED);
    this.#fresh = this.#fresh.filter((fresh) => fresh.number <= number);
    this.#confirmed.clear();
  }

  /** The newest ones that others will have seen too. */
  checkpoints(): readonly Checkpoint[] {
    const [first] = this.#fresh;
    if (first === undefined) return this.#entries.slice(-MAX_PROPOSED);
    const end = this.#entries.findLastIndex(({ number }) => number < first.number) + 1;
    return this.#entries.slice(Math.max(0, end - MAX_PROPOSED), end);
  }

  check(checkpoint: Checkpoint): "known" | "unknown" | "conflict" {
    if (this.#wasTakenBack(checkpoint)) return "known";
    const [oldest] = this.#entries;
    const newest = this.#entries.at(-1);
    if (oldest === undefined || newest === undefined || checkpoint.number > newest.number) return "unknown";
    // From before this node looked: f+1 members vouched for it and later blocks are built on it.
    if (checkpoint.number < oldest.number) return "known";
    const at = this.#entries.findLastIndex((entry) => entry.number <= checkpoint.number);
    const entry = this.#entries[at];
    if (entry?.number === checkpoint.number) {
      return entry.hash === checkpoint.hash ? "known" : this.#contradiction(entry);
    }
    if (this.#lookup === undefined) return "known";
    this.#ask(this.#lookup, checkpoint.number, (hash) => this.#insert({ number: checkpoint.number, hash }));
    return "unknown";
  }

  /** Seen here before the mainchain went back, or not reached then: nobody can be asked for it any more. */
  #wasTakenBack({ number, hash }: Checkpoint): boolean {
    if (this.#disputed === undefined || number < this.#disputed.from || number > this.#disputed.to) return false;
    const seen = this.#retired.filter((entry) => entry.number === number);
    return seen.length === 0 || seen.some((entry) => entry.hash === hash);
  }

  /** The own entry may be the stale one: another member may have noticed first that the mainchain went back. */
  #contradiction(entry: Checkpoint): "unknown" | "conflict" {
    const { number, hash } = entry;
    if (this.#lookup === undefined || this.#confirmed.get(number) === hash) return "conflict";
    this.#ask(this.#lookup, number, (now) => {
      if (this.#confirmed.size >= MAX_LOOKUPS) this.#confirmed.clear();
      this.#confirmed.set(number, now);
    });
    return "unknown";
  }

  #ask(lookup: CheckpointLookup, number: number, answered: (hash: HexHash) => void): void {
    if (this.#asking.has(number) || this.#asking.size >= MAX_LOOKUPS) return;
    this.#asking.add(number);
    lookup(number)
      .then(
        (hash) => {
          if (hash !== undefined) answered(hash);
        },
        // The next check asks again.
        () => undefined,
      )
      .finally(() => this.#asking.delete(number));
  }

  #insert(checkpoint: Checkpoint): void {
    const at = this.#entries.findLastIndex((entry) => entry.number <= checkpoint.number);
    // Gone back meanwhile, or known by now.
    if (at < 0 || at === this.#entries.length - 1 || this.#entries[at]?.number === checkpoint.number) return;
    this.#entries.splice(at + 1, 0, checkpoint);
  }
}

/** What the mainchain says of forks up to a block. */
function standingBelow(entries: readonly ScheduledFork[], number: number): readonly ScheduledFork[] {
  return entries
    .filter(({ block }) => block <= number)
    .map((entry) => ((entry.cancelled ?? 0) > number ? { ...entry, cancelled: undefined } : entry));
}
