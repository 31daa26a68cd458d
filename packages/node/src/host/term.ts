import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Chain } from "@tributary/chain/chain/chain";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import { FIRST_RULES } from "@tributary/chain/forks/fork";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { Seat } from "@tributary/protocol/consensus/types";
import { type MemberSpec, NO_SEAT } from "@tributary/protocol/ports/member-host";
import { decode, type Limits } from "@tributary/protocol/wire/index";
import { MemberDriver } from "../consensus/driver.ts";
import type { DriverEvent, Observer } from "../consensus/driver-event.ts";
import { memberConfig } from "../consensus/genesis-container.ts";
import type { Channel, Signer, Verifier } from "../consensus/ports.ts";
import { compareTerms, type TermName } from "../consensus/term-name.ts";
import { NodeError } from "../fault/node-error.ts";
import { SegmentLog } from "../log/segment-log.ts";
import type { GroupMesh } from "../mesh/mesh-endpoint.ts";
import { MemberObserver } from "../observe/member-observer.ts";
import type { SigningState } from "../rpc/backend.ts";
import type { LevelContainerStore } from "../store/level-container-store.ts";
import type { SeatKeys } from "../vault/member-vault.ts";
import type { FileSlotJournal } from "../vault/slot-journal.ts";
import { BatchVerifier, verifierKeys } from "../verifier/batch-verifier.ts";
import type { Committees } from "./committees.ts";
import type { Turns } from "./fair-turns.ts";
import {
  countedSigner,
  type Guard,
  guardedBodies,
  guardedPool,
  guardedVerifier,
  LateMesh,
  sharedExecutor,
  systemClock,
} from "./guarded-ports.ts";
import type { MemberParts, Opened } from "./member.ts";
import { keptBlocks, snapshotAge } from "./member-pruning.ts";
import { MemberSnapshots } from "./member-snapshots.ts";
import { diskQuota, proposalSpacing } from "./slot-share.ts";
import type { StateRepair } from "./state-repair.ts";

const LOG_FOLDER = /^log-(\d+)-(\d+)$/;

/** What stays of a member while epochs come and go. */
export type TermFiles = {
  readonly folder: string;
  readonly store: LevelContainerStore;
  readonly journal: FileSlotJournal;
  readonly chain: Chain;
};

export type TermParts = {
  readonly spec: MemberSpec;
  /** S where this node saw the epoch begin; otherwise it begins with what is in the store. */
  readonly first?: number;
  readonly committees: () => Committees;
  readonly files: TermFiles;
  readonly member: MemberParts;
  readonly limits: Limits;
  readonly guard: Guard;
  readonly turns: Turns;
  readonly repair: StateRepair;
  readonly failed: (error: unknown) => void;
  /** Rejects when the disk refused: a flush on it never calls back. */
  readonly broken: Promise<never>;
};

/** What one node does in one epoch of a chain: with a seat as a member, without one it follows. */
export class Term {
  readonly spec: MemberSpec;
  readonly driver: MemberDriver;
  readonly log: SegmentLog;
  readonly verifier: BatchVerifier;
  readonly #keys: SeatKeys;
  readonly #snapshots: MemberSnapshots;
  readonly #mesh = new LateMesh();
  readonly #committees: () => Committees;
  readonly #guard: Guard;
  /** Of other eras, once something of them was to be checked. */
  readonly #verifiers = new Map<number, BatchVerifier>();
  #over: ((first: number, next: TermName) => void) | undefined;
  #silent = false;

  /** Coded errors where a file is damaged or the share is missing. */
  static async open(parts: TermParts): Promise<Term> {
    const log = SegmentLog.open(diskFolder(logFolder(parts.files.folder, parts.spec)), parts.guard(parts.failed));
    try {
      const keys = await Promise.race([openSeat(parts), parts.broken]);
      if (keys !== undefined) return new Term(parts, log, keys);
      // Who lost its share of an era that is over follows it to its end.
      const { journal } = parts.files;
      const spec = { ...parts.spec, seat: NO_SEAT };
      return new Term({ ...parts, spec }, log, { signer: noSigner, journal, state: "refused", close: () => undefined });
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor(parts: TermParts, log: SegmentLog, keys: SeatKeys) {
    const { spec, committees, files, member, limits, guard, turns } = parts;
    const { chain, store, folder } = files;
    this.#keys = keys;
    const { metrics, logger } = member;
    const label = spec.chainId.toString();
    this.spec = spec;
    this.#committees = committees;
    this.#guard = guard;
    this.log = log;
    this.verifier = new BatchVerifier(verifierKeys(spec));
    const genesis = chain.block(0);
    if (genesis === undefined) throw new Error("a chain has a genesis block");
    const rules = {
      rules: FIRST_RULES,
      transactionGas: spec.genesis.gasLimit,
      proposalSpacing: proposalSpacing(spec.slots),
    };
    const origin = committees().first;
    const inherited = committees().inheritedBy(spec);
    const { beginning } = spec;
    const later = beginning === undefined ? store.highestContainer + 1 : beginning.orderHeight + 1;
    const begins = compareTerms(spec, origin) === 0 ? spec.firstHeight : (parts.first ?? later);
    const config = memberConfig({ ...spec, firstHeight: begins }, toHex(genesis.hash), rules, origin, inherited);
    const observer = new MemberObserver(label, metrics, logger);
    this.driver = new MemberDriver(config, {
      mesh: this.#mesh,
      clock: systemClock(guard),
      log,
      journal: keys.journal,
      signer: countedSigner(keys.signer, (by) => metrics.signed(label, by)),
      verifier: guardedVerifier(this.verifier, guard),
      executor: sharedExecutor(chain.executor, turns, guard, (ms) => metrics.executed(label, ms / 1_000)),
      bodies: guardedBodies(chain.bodies, guard),
      pool: guardedPool(chain.pool, guard),
      mainchain: member.mainchain,
      store,
      observer: alsoTold(observer, (event) => {
        if (event.kind === "over") this.#over?.(event.first, event);
        if (event.kind === "claimed") this.#snapshots.look();
      }),
      before: (era) => this.#verifierOf(era),
      ending: () => committees().endingOf(spec.era),
      shown: () => committees().borderOf(spec.era),
    });
    this.#snapshots = new MemberSnapshots({
      spec,
      eras: {
        epochs: (era) => committees().epochsOf(era),
        verifierOf: (era) => this.#verifierOf(era),
        lastHeight: (era) => committees().lastHeightOf(era),
      },
      folder,
      chain,
      store,
      limits,
      send: (to, message) => this.#mesh.send(to, "snapshots", message),
      // Who cannot execute what follows has nothing to begin with a snapshot of it.
      final: () => {
        const { claimed, height, halted } = this.driver.status();
        return halted === "unknown-fork" ? height : claimed;
      },
      joining: (joining) => this.driver.setJoining(joining),
      joinLag: member.joinLag,
      joined: member.joined,
      repair: () => parts.repair.least(this.driver.status()),
      maxBytes: diskQuota(spec.slots, member.diskBytes),
      maxAge: snapshotAge(keptBlocks(member.history)),
      logger,
      lied: member.lied,
      ready: member.again,
    });
  }

  /** `over`: the epoch is over; `next` begins at `first`. */
  start(over: (first: number, next: TermName) => void): void {
    this.#over = over;
    this.driver.start();
  }

  attach(link: GroupMesh): void {
    this.#mesh.attach(link);
  }

  receive(from: Seat, channel: Channel, message: Uint8Array): void {
    if (channel === "snapshots") this.#snapshots.receive(from, message);
    else this.driver.receive(from, channel, message);
  }

  peerUp(seat: Seat): void {
    this.#snapshots.peerUp(seat);
    this.driver.peerUp(seat);
  }

  /** Whether this member's keys sign for the height that is to become final next: the first ones after a silence are closed. */
  get signing(): SigningState {
    if (this.spec.seat >= this.spec.members.length) return "no-seat";
    const { state, journal } = this.#keys;
    return state === "signing" && journal.closed(this.driver.status().final + 1) ? "silent" : state;
  }

  peerDown(seat: Seat): void {
    this.#snapshots.peerDown(seat);
    this.driver.peerDown(seat);
  }

  /** Takes part no longer. */
  silence(): void {
    if (this.#silent) return;
    this.#silent = true;
    this.driver.stop();
    this.#keys.close();
    this.verifier.stop();
    for (const verifier of this.#verifiers.values()) verifier.stop();
  }

  #verifierOf(era: number): Verifier | undefined {
    if (era === this.spec.era) return guardedVerifier(this.verifier, this.#guard);
    const spec = this.#committees().inEra(era);
    let verifier = this.#verifiers.get(era);
    if (verifier === undefined && spec !== undefined && !this.#silent) {
      verifier = new BatchVerifier(verifierKeys(spec));
      this.#verifiers.set(era, verifier);
    }
    return verifier === undefined ? undefined : guardedVerifier(verifier, this.#guard);
  }

  /** Idempotent. Before the files that it shares are closed. */
  async close(): Promise<void> {
    this.silence();
    await this.#snapshots.stop();
    await this.log.close();
  }
}

/**
 * The epoch that this node was in last: one whose log was begun may have nothing in the store yet. `newest`: the one of the
 * newest container in the store.
 */
export function lastTerm(folder: string, newest: TermName): TermName {
  return [newest, ...logFolders(folder)].reduce((a, b) => (compareTerms(a, b) < 0 ? b : a));
}

/** The epoch in which the newest container in the store got its F. */
export function storedTerm(store: LevelContainerStore, committees: Committees, limits: Limits): TermName | undefined {
  const bytes = store.container(store.highestContainer);
  const message = bytes === undefined ? undefined : decode(bytes, limits);
  if (message?.kind !== "container") return undefined;
  const { header, certificateEra: era } = message;
  return header.era === era ? header : committees.inEra(era);
}

/** What this node does in an epoch. `epoch-unknown` where the mainchain has not told of it yet. */
export async function openTerm(
  opened: Opened,
  member: MemberParts,
  committees: () => Committees,
  { era, epoch }: TermName,
  first?: number,
): Promise<Term> {
  const spec = committees().of({ era, epoch });
  if (spec === undefined) {
    throw new NodeError("epoch-unknown", `the mainchain has not told of era ${era}, epoch ${epoch} yet`);
  }
  const { folder, store, journal, chain } = opened;
  const files = { folder, store, journal, chain };
  return await Term.open({ ...opened, spec, committees, files, member, ...(first === undefined ? {} : { first }) });
}

export function limitsOf(spec: MemberSpec): Limits {
  return { members: spec.members.length, containerBytes: spec.genesis.byteLimit };
}

/** The logs of earlier epochs have served. */
export async function removeOlderLogs(folder: string, spec: TermName): Promise<void> {
  const older = logFolders(folder).filter((log) => compareTerms(log, spec) < 0);
  for (const { name } of older) await rm(join(folder, name), { recursive: true, force: true });
}

function logFolders(
  folder: string,
): readonly { readonly name: string; readonly era: number; readonly epoch: number }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const match = LOG_FOLDER.exec(name);
    // A folder is made before its first record: an empty one says nothing.
    const used = match !== null && readdirSync(join(folder, name)).length > 0;
    return used ? [{ name, era: Number(match[1]), epoch: Number(match[2]) }] : [];
  });
}

function logFolder(folder: string, { era, epoch }: Pick<MemberSpec, "era" | "epoch">): string {
  return join(folder, `log-${era}-${epoch}`);
}

function alsoTold(observer: Observer, tell: (event: DriverEvent) => void): Observer {
  return {
    event(event) {
      observer.event(event);
      tell(event);
    },
  };
}

/** The keys of the seat, where there is one. `vault-share` and the like where a seat of the era in charge has no share. */
async function openSeat({ spec, committees, files, member, guard }: TermParts): Promise<SeatKeys | undefined> {
  const { journal, store } = files;
  if (spec.seat >= spec.members.length) return undefined;
  const over = spec.era < committees().newest.era;
  // Who begins anew, with an empty disk, could only be silent in it, and the silence would last into the next era.
  if (over && !logFolders(files.folder).some((log) => compareTerms(log, spec) === 0)) return undefined;
  const served = Math.max(store.highestOrder, store.highestContainer);
  try {
    return await member.vault.seat({ spec, journal, served, guard, logger: member.logger });
  } catch (error) {
    const lost = error instanceof NodeError && error.code === "vault-share";
    if (lost && over) return undefined;
    throw error;
  }
}

/** Who follows has nothing to say that binds. */
const noSigner: Signer = {
  sign() {
    throw new Error("without a seat nothing is signed");
  },
};
