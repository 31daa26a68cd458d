import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Chain } from "@tributary/chain/chain/chain";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import { FIRST_RULES, type ForkRules, rulesOf } from "@tributary/chain/forks/fork";
import type { GaslessSettings } from "@tributary/chain/pool/gasless";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { BorderProof, LaterEpochs, MemberRecord, MemberSpec } from "@tributary/protocol/ports/member-host";
import type { RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import type { Limits } from "@tributary/protocol/wire/index";
import type { Logger } from "pino";
import { genesisContainer } from "../consensus/genesis-container.ts";
import type { MainchainView } from "../consensus/ports.ts";
import type { TermName } from "../consensus/term-name.ts";
import type { GroupMesh, MeshEndpoint } from "../mesh/mesh-endpoint.ts";
import type { MemberReading, NodeMetrics } from "../observe/node-metrics.ts";
import type { ChainBackend, Divergence, FinalityProof, StatusReport } from "../rpc/backend.ts";
import { chainDevelopment } from "../rpc/chain-development.ts";
import type { Liar } from "../snapshot/snapshot-download.ts";
import { adoptProof } from "../snapshot/snapshot-proof.ts";
import { StateProofs } from "../snapshot/state-proofs.ts";
import { LevelContainerStore } from "../store/level-container-store.ts";
import type { MemberVault } from "../vault/member-vault.ts";
import { FileSlotJournal } from "../vault/slot-journal.ts";
import { borderProof } from "./border-proof.ts";
import { channelCapacity, channelLimits } from "./channel-bytes.ts";
import { type Closed, closedChain, notTheChains } from "./closed-chain.ts";
import { Committees } from "./committees.ts";
import { Departure, standingIn } from "./departure.ts";
import { evidenceOf } from "./evidence-source.ts";
import type { FairTurns, Turns } from "./fair-turns.ts";
import { type BlockAt, finalityOf } from "./finality-source.ts";
import { folderBytes } from "./folder-bytes.ts";
import { ForkWatch, type NextFork } from "./fork-watch.ts";
import { type Guard, memberGuard } from "./guarded-ports.ts";
import { readHandover } from "./handover-share.ts";
import { type HistoryPolicy, keptBlocks, MemberPruning } from "./member-pruning.ts";
import { OlderEpochs } from "./older-epochs.ts";
import { diskQuota, poolLimits } from "./slot-share.ts";
import { StateRepair } from "./state-repair.ts";
import { lastTerm, limitsOf, openTerm, storedTerm, type Term, type TermFiles } from "./term.ts";

const DISK_LOOK_MS = 30_000;
/** Milliseconds that a term may take for what is asked of it. */
const ANSWER_MS = 10_000;
/** Milliseconds between two looks at what is ahead, and at what the members say. */
const LOOK_MS = 1_000;
/** Heights below what is final at which a follower counts as one that holds the chain's state. consensus.md 14. */
const CURRENT_LAG = 64;

/** What the node gives to each of its members. */
export type MemberParts = {
  readonly nodeId: number;
  readonly dataDir: string;
  readonly vault: MemberVault;
  readonly mesh: MeshEndpoint;
  readonly mainchain: MainchainView;
  readonly turns: FairTurns;
  readonly metrics: NodeMetrics;
  readonly logger: Logger;
  /** Bytes that the operator gives to all chains together. */
  readonly diskBytes: number;
  /** Blocks that are kept. */
  readonly history: HistoryPolicy;
  readonly gasless: GaslessSettings;
  /** Rules of execution that this node knows. */
  readonly forks: readonly ForkRules[];
  /** Serve what tools for developers ask for, for chains of which this node is the only member. */
  readonly devMethods: boolean;
  /** Heights behind from which on a snapshot is fetched. */
  readonly joinLag: number;
  /** The member begins with a snapshot that it fetched just now. */
  readonly joined: boolean;
  /** A member of the chain served a false snapshot. */
  readonly lied: (liar: Liar) => void;
  /** The member must be closed and opened again. */
  readonly again: () => void;
  /** The member cannot go on. Called once. */
  readonly failed: (error: unknown) => void;
};

/** What the chain's seats have in common over all epochs. */
export type Opened = TermFiles & {
  readonly guard: Guard;
  /** For what any epoch may have made. */
  readonly limits: Limits;
  readonly turns: Turns;
  readonly repair: StateRepair;
  readonly failed: (error: unknown) => void;
  readonly broken: Promise<never>;
};

/**
 * Everything of one chain at this node: folders, chain, its place in the mesh, and the term that it serves. Files, RPC
 * and links stay while terms follow one another.
 */
export class Member {
  readonly spec: MemberSpec;
  readonly backend: ChainBackend;
  readonly #label: string;
  readonly #opened: Opened;
  readonly #parts: MemberParts;
  readonly #pruning: MemberPruning;
  readonly #forkWatch: ForkWatch;
  readonly #proofs: StateProofs;
  readonly #older: OlderEpochs;
  readonly departure: Departure;
  #committees: Committees;
  #term: Term;
  /** The epoch that takes over, where this one is over and the next one's members are not known here yet. */
  #awaited: { readonly first: number; readonly next: TermName } | undefined;
  #turningOver: Promise<void> | undefined;
  #settling: Promise<void> | undefined;
  #diskTimer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #link: GroupMesh | undefined;
  #diskBytes = 0;
  #expiredSince: number | undefined;
  #silenced = false;
  #stopping: Promise<void> | undefined;

  /** Opens the member's folders and takes part. Coded errors where a file is damaged or the share is missing. */
  static async open(first: MemberSpec, later: LaterEpochs | undefined, parts: MemberParts): Promise<Member> {
    const folder = memberFolder(parts.dataDir, first.chainId);
    const guard = memberGuard(parts.failed);
    // A flush on a disk that failed never calls back.
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => undefined);
    const failed = guard((error: unknown) => {
      broken.reject(error);
      throw error;
    });
    const committees = new Committees(first, later);
    let opened: Member | undefined;
    const limits = limitsOf(first);
    const closers: (() => Promise<void>)[] = [];
    try {
      const store = await LevelContainerStore.open(join(folder, "containers"), failed);
      closers.push(() => store.close());
      const journal = FileSlotJournal.open(diskFolder(join(folder, "journal")), failed);
      closers.push(() => journal.close());
      const kept = keptBlocks(parts.history);
      const chain = await Chain.open({
        genesis: first.genesis,
        storage: { directory: join(folder, "chain") },
        pool: poolLimits(first.slots),
        ...(kept === undefined ? {} : { keepBlocks: kept }),
        gasless: parts.gasless,
        forks: parts.forks,
        schedule: () => parts.mainchain.forks(first.group).entries,
        seatsOf: (era, epoch) => (opened?.committees ?? committees).of({ era, epoch })?.members.length,
        onFailure: failed,
      });
      closers.push(() => chain.close());
      for (const name of ["snapshots", "proofs"]) await rm(join(folder, name), { recursive: true, force: true });
      const { origin } = chain;
      if (origin !== undefined) {
        const adopted = new Promise<void>((done) => adoptProof(origin, limits, store, done));
        await Promise.race([adopted, broken.promise]);
      }
      const turns = parts.turns.open(first.slots);
      closers.push(async () => turns.close());
      const repair = new StateRepair(chain, parts.logger, failed);
      closers.push(() => repair.stop());
      const files = { folder, store, journal, chain, guard, limits, turns, repair, failed, broken: broken.promise };
      const newest = lastTerm(folder, storedTerm(store, committees, limits) ?? first);
      const term = await openTerm(files, parts, () => opened?.committees ?? committees, newest);
      closers.push(() => term.close());
      const member = new Member(first, committees, parts, files, term);
      opened = member;
      closers.push(() => member.#pruning.stop());
      member.#start();
      return member;
    } catch (error) {
      for (const close of closers.reverse()) await close();
      throw error;
    }
  }

  private constructor(first: MemberSpec, committees: Committees, parts: MemberParts, opened: Opened, term: Term) {
    this.spec = first;
    this.#label = first.chainId.toString();
    this.#committees = committees;
    this.#parts = parts;
    this.#opened = opened;
    this.#term = term;
    const { chain, store } = opened;
    const quota = diskQuota(first.slots, parts.diskBytes);
    this.#proofs = new StateProofs({
      folder: join(opened.folder, "proofs"),
      chain,
      finality: (block) => this.#finality(block),
      now: () => performance.now(),
      logger: parts.logger,
    });
    this.#forkWatch = new ForkWatch({
      schedule: () => parts.mainchain.forks(first.group),
      present: () => rulesOf(chain.head.header),
      knows: (rules) => chain.executor.knows(rules),
      now: Date.now,
      logger: parts.logger,
    });
    this.#pruning = new MemberPruning({ chain, containers: store, logger: parts.logger });
    this.#older = new OlderEpochs(opened, parts, () => this.#committees);
    this.departure = new Departure({
      folder: opened.folder,
      lastSeat: () => this.#committees.lastSeatOf(parts.nodeId),
      standing: () => standingIn(this.#term, this.#turningOver === undefined && this.#older.gone(this.#term)),
      pool: chain,
      now: () => performance.now(),
      logger: parts.logger,
    });
    const devMethods = parts.devMethods ? chainDevelopment(chain, () => this.#term.driver.propose()) : undefined;
    if (parts.devMethods && !this.#alone)
      parts.logger.warn("methods for developers are refused: others run this chain too");
    const development = (): typeof devMethods => (this.#alone ? devMethods : undefined);
    this.backend = {
      chain: closedChain(chain, () => this.#closed(quota)),
      member: {
        status: () => this.status(),
        finality: async (block) => this.#finality(block),
        stateProof: async (address, slots) => {
          if (this.distrusted) throw notTheChains();
          return await this.#proofs.prove(address, slots);
        },
        evidence: (from) => evidenceOf(store, this.#term.spec, from),
        handover: (era) => readHandover(opened.folder, era),
        get development() {
          return development();
        },
      },
      slots: first.slots,
    };
  }

  /** Era and epoch that this node is in, which may not be the newest. */
  get era(): number {
    return this.#term.spec.era;
  }

  get epoch(): number {
    return this.#term.spec.epoch;
  }

  /** Nobody else runs this chain, nor is about to. */
  get #alone(): boolean {
    return this.#committees.peersOf(this.#term.spec).length === 1;
  }

  /** The node behind a seat of the epoch, or behind a guest's place. */
  peer(seat: number): MemberRecord | undefined {
    return this.#committees.peersOf(this.#term.spec)[seat];
  }

  get committees(): Committees {
    return this.#committees;
  }

  /** There is more to know about later epochs. */
  learn(later: LaterEpochs): void {
    const committees = new Committees(this.spec, later);
    if (committees.name === this.#committees.name) return;
    this.#committees = committees;
    if (this.#silenced) return;
    if (this.#turningOver === undefined) this.#join();
    if (this.#awaited !== undefined) this.#over(this.#awaited.first, this.#awaited.next);
  }

  #start(): void {
    this.#term.start((...next) => this.#over(...next));
    this.#join();
    this.#settling = this.#older.forget(this.#term).catch((error: unknown) => {
      if (!this.#silenced) this.#opened.guard(() => this.#opened.failed(error))();
    });
    this.#diskTimer = setInterval(() => this.#measureDisk(), DISK_LOOK_MS);
    this.#measureDisk();
    this.#lookTimer = setInterval(() => {
      this.#forkWatch.look();
      this.#opened.repair.look(this.#term.driver.status());
      this.departure.look().catch(this.#opened.guard(this.#opened.failed));
    }, LOOK_MS);
  }

  /** Also when guests came or went: whoever is up is told again. */
  #join(): void {
    const { guard } = this.#opened;
    const term = this.#term;
    const limits = limitsOf(term.spec);
    this.#link = this.#parts.mesh.join({
      group: this.spec.group,
      members: this.#committees.peersOf(term.spec),
      limits: channelLimits(limits),
      capacity: channelCapacity(limits),
      receive: guard((from, channel, message) => term.receive(from, channel, message)),
      peerUp: guard((seat) => term.peerUp(seat)),
      peerDown: guard((seat) => term.peerDown(seat)),
    });
    term.attach(this.#link);
  }

  /** Everything below `first` is final here, and the named epoch goes on from there. */
  #over(first: number, next: TermName): void {
    if (this.#silenced || this.#turningOver !== undefined) return;
    const spec = this.#committees.of(next);
    this.#awaited = { first, next };
    if (spec === undefined) return;
    this.#awaited = undefined;
    this.#turningOver = this.#turnOver(spec, first).then(
      () => {
        this.#turningOver = undefined;
      },
      (error: unknown) => this.#opened.guard(() => this.#opened.failed(error))(),
    );
  }

  /** The old term ends, the new one begins. */
  async #turnOver(spec: MemberSpec, first: number): Promise<void> {
    await this.#term.close();
    this.#opened.chain.executor.rollback();
    this.#term = await openTerm(this.#opened, this.#parts, () => this.#committees, spec, first);
    if (this.#silenced) return;
    this.#term.start((...next) => this.#over(...next));
    this.#join();
    await this.#older.forget(this.#term);
    this.#parts.logger.info({ era: spec.era, epoch: spec.epoch, first, seat: spec.seat }, "the next epoch begins");
  }

  status(): StatusReport {
    const { status, height, final, membersUp, quorum, since, halted, stuck } = this.#term.driver.status();
    const highestHeight = Math.max(height, final);
    if (this.#expiredSince === undefined) {
      const { next: nextFork } = this.#forkWatch;
      const { divergence } = this;
      const { signing } = this.#term;
      return { status, height, highestHeight, membersUp, quorum, since, signing, nextFork, halted, divergence, stuck };
    }
    return { status: "expired", height, highestHeight: height, membersUp: 0, quorum, since: this.#expiredSince };
  }

  /** Results that disagree, this member's own or the members'. */
  get divergence(): Divergence | undefined {
    const { divergence, split } = this.#term.driver.status();
    if (divergence !== undefined) {
      const { height, own, other: certified } = divergence;
      return { height, own, certified };
    }
    return split === undefined ? undefined : { height: split.height, results: split.hashes };
  }

  #closed(quota: number): Closed {
    if (this.distrusted) return "diverged";
    if (this.#diskBytes > quota) return "disk quota";
    const { seat, members } = this.#term.spec;
    return seat < members.length ? undefined : "no seat";
  }

  /** There is news of Recoveries: resolves when what follows for this member is durable. */
  freeze(): Promise<void> {
    return this.#answered((done) => this.#term.driver.freeze(() => done(undefined)), undefined);
  }

  /** What this member can post in a Recovery; nothing unless it is frozen, durably. */
  claims(era: number): Promise<RecoveryClaims> {
    return this.#answered((done) => this.#term.driver.claims(era, done), {});
  }

  /** Where the first container that shows this mainchain block is final, and known here. */
  border(ready: number): BorderProof | undefined {
    const { store, limits, chain } = this.#opened;
    const genesis = () => genesisContainer(this.spec, toHex(chain.genesisHash), FIRST_RULES);
    return borderProof(store, limits, genesis, ready);
  }

  /** A term that ends meanwhile never answers. */
  #answered<T>(ask: (done: (answer: T) => void) => void, otherwise: T): Promise<T> {
    const answer = Promise.withResolvers<T>();
    const timer = setTimeout(answer.resolve, ANSWER_MS, otherwise);
    const settled = answer.promise.finally(() => clearTimeout(timer));
    ask((given) => answer.resolve(given));
    return Promise.race([settled, this.#opened.broken]);
  }

  /**
   * Whether q members of the committee in charge, this one included, are linked and get on with one another: a member that
   * is diverged, silent or without its share is linked, too. consensus.md 8, 15.
   */
  get quorate(): boolean {
    const { membersUp, quorum, able, stuck } = this.#term.driver.status();
    return able && !stuck && membersUp >= quorum;
  }

  /** The state on this disk is not the chain's: nothing of it is told. */
  get distrusted(): boolean {
    return this.#opened.repair.least(this.#term.driver.status()) !== undefined;
  }

  /** The first change of rules ahead that this version does not know. */
  get unknownFork(): NextFork | undefined {
    return this.#expiredSince === undefined ? this.#forkWatch.unknown : undefined;
  }

  /** Holds the state of a height near what is final. */
  get current(): boolean {
    const { height, final } = this.#term.driver.status();
    return height > 0 && height + CURRENT_LAG >= final;
  }

  reading(): MemberReading {
    const { journal, store } = this.#opened;
    const { status, height, membersUp, quorum, signing, nextFork, stuck = false } = this.status();
    const { pending, queued, bytes } = this.#opened.chain.poolStatus();
    return {
      chain: this.#label,
      slots: this.spec.slots,
      status,
      signing: signing === "signing",
      height,
      ordered: this.#term.driver.status().ordered,
      membersUp,
      quorum,
      rules: rulesOf(this.#opened.chain.head.header),
      nextFork,
      unknownFork: this.unknownFork,
      diverged: this.divergence !== undefined,
      stuck,
      mempool: { transactions: pending + queued, bytes },
      evidence: store.evidenceCount,
      diskBytes: this.#diskBytes,
      earliest: this.#opened.chain.earliest,
      flushes: { input: this.#term.log.flushes, journal: journal.flushes, store: store.batches },
      verified: this.#term.verifier.stats,
    };
  }

  /** Takes part no longer; what is there can still be read until `stop`. */
  expire(): void {
    this.#expiredSince ??= Date.now();
    this.#silence();
  }

  /** Idempotent. Takes part no longer, then closes its files, the stores last. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  #silence(): void {
    this.#silenced = true;
    this.#term.silence();
    this.#link?.leave();
    this.#opened.turns.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#diskTimer);
    clearInterval(this.#lookTimer);
    this.#silence();
    await this.#turningOver;
    await this.#settling;
    await this.#pruning.stop();
    await this.#proofs.stop();
    await this.#opened.repair.stop();
    const { journal, chain, store } = this.#opened;
    await this.#term.close();
    await journal.close();
    await chain.close();
    await store.close();
  }

  async #finality(block: number): Promise<FinalityProof | undefined> {
    const blockAt: BlockAt = (number) => {
      const found = this.#opened.chain.block(number);
      return found === undefined ? undefined : { hash: toHex(found.hash), height: found.height };
    };
    return finalityOf(this.#opened.store, this.#opened.limits, this.spec.chainId, blockAt, block);
  }

  #measureDisk(): void {
    folderBytes(this.#opened.folder).then(
      (bytes) => {
        this.#diskBytes = bytes;
      },
      () => undefined,
    );
  }
}

export function memberFolder(dataDir: string, chainId: bigint): string {
  return join(dataDir, "chains", chainId.toString());
}
