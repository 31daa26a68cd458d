import type { HexHash } from "@tributary/protocol/consensus/types";
import { isDiskFull } from "@tributary/protocol/files/disk-full";
import type { BorderProof, LaterEpochs, MemberHost, MemberSpec } from "@tributary/protocol/ports/member-host";
import type { RecoveryClaims, RecoveryHost } from "@tributary/protocol/ports/recovery-host";
import type { MemberReading } from "../observe/node-metrics.ts";
import type { Divergence } from "../rpc/backend.ts";
import type { RpcServer } from "../rpc/server.ts";
import { type Owed, owesAfter } from "./departure.ts";
import { isDiverged, setRepairedAside, setStateAside } from "./diverged-state.ts";
import type { EraWatch, Openings } from "./era-watch.ts";
import { FairTurns } from "./fair-turns.ts";
import type { NextFork } from "./fork-watch.ts";
import { Member, type MemberParts, memberFolder } from "./member.ts";

/** Milliseconds for which a member that failed is not started again; doubles with each failure in a row. */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;
/** The same where its disk is full: opening it costs little, and others may wait for it as soon as there is room. */
const DISK_FULL_PAUSE_MS = 2_000;

/** Why a chain has no running member here although it should. */
export type MemberFailure = { readonly code: string; readonly message: string; readonly at: number };

type Failed = MemberFailure & { readonly error: unknown; readonly count: number; readonly until: number };

export type NodeHostParts = Omit<MemberParts, "failed" | "turns" | "again" | "joined" | "lied"> & {
  readonly rpc: Pick<RpcServer, "addChain" | "removeChain">;
  /** The watch that the mainchain's view asks. */
  readonly eras: EraWatch;
};

/**
 * The members of one node process, one a chain. They share links, keys and processors and nothing else: one that fails is
 * stopped and reported, and the others go on.
 */
export class NodeHost implements MemberHost, RecoveryHost {
  readonly #parts: NodeHostParts;
  readonly #turns = new FairTurns(() => performance.now());
  readonly #members = new Map<bigint, Member>();
  readonly #expired = new Set<Member>();
  /** Chains whose member began with a snapshot since the node started. */
  readonly #joined = new Set<bigint>();
  readonly #liars = new Map<bigint, Set<number>>();
  /** The last Recovery of a chain, also of one that does not run here yet. */
  readonly #openings = new Map<bigint, Openings>();
  readonly #failed = new Map<bigint, Failed>();
  /** What could not be done for chains that were left. */
  readonly #leftBehind = new Map<bigint, Owed>();
  /** The last thing asked for each chain: starts and stops of one chain follow one another. */
  readonly #last = new Map<bigint, Promise<void>>();
  #stopped = false;

  constructor(parts: NodeHostParts) {
    this.#parts = parts;
  }

  start(first: MemberSpec, later?: LaterEpochs): Promise<void> {
    return this.#inTurn(first.chainId, () => this.#open(first, later));
  }

  current(chainId: bigint): boolean {
    return this.#members.get(chainId)?.current ?? false;
  }

  border(chainId: bigint, ready: number): BorderProof | undefined {
    return this.#members.get(chainId)?.border(ready);
  }

  owes(chainId: bigint, last: { readonly era: number; readonly epoch: number }): boolean {
    const member = this.#members.get(chainId);
    if (member !== undefined) return !member.departure.settled(last);
    return owesAfter(memberFolder(this.#parts.dataDir, chainId), last);
  }

  stop(chainId: bigint, reason: "expired" | "deleted" | "left"): Promise<void> {
    return this.#inTurn(chainId, async () => {
      this.#failed.delete(chainId);
      const member = this.#members.get(chainId);
      if (member === undefined) return;
      this.#parts.logger.info({ chain: chainId.toString(), reason }, "member stops");
      const { owed } = member.departure;
      if (reason === "left" && owed !== undefined) this.#leftBehind.set(chainId, { ...owed, linked: false });
      if (reason !== "expired") return this.#close(chainId, member);
      member.expire();
      this.#expired.add(member);
    });
  }

  /** A Recovery of the era is open: the member signs nothing more in it, durably. Best before `start`. Idempotent. */
  async freeze(chainId: bigint, opening: { readonly openingId: HexHash; readonly era: number }): Promise<void> {
    this.#recovery(chainId, { era: opening.era, open: opening.openingId });
    await this.#members.get(chainId)?.freeze();
  }

  /** These openings of the era were cancelled, and none is open: it goes on. */
  async thaw(
    chainId: bigint,
    { openingIds, era }: { readonly openingIds: readonly HexHash[]; readonly era: number },
  ): Promise<void> {
    this.#recovery(chainId, { era, cancelled: openingIds });
  }

  async claims(chainId: bigint, era: number): Promise<RecoveryClaims> {
    return (await this.#members.get(chainId)?.claims(era)) ?? {};
  }

  quorate(chainId: bigint): boolean {
    return this.#members.get(chainId)?.quorate ?? false;
  }

  running(): readonly bigint[] {
    return [...this.#members].filter(([, member]) => !this.#expired.has(member)).map(([chainId]) => chainId);
  }

  failures(): ReadonlyMap<bigint, MemberFailure> {
    return this.#failed;
  }

  /** Changes of rules ahead that this version does not know, by chain. */
  unknownForks(): ReadonlyMap<bigint, NextFork> {
    const found = [...this.#members].flatMap(([chainId, { unknownFork }]) =>
      unknownFork === undefined ? [] : [[chainId, unknownFork] as const],
    );
    return new Map(found);
  }

  /** Members whose result, or whose committee's, is not one, by chain. */
  divergences(): ReadonlyMap<bigint, Divergence> {
    const found = [...this.#members].flatMap(([chainId, { divergence }]) =>
      divergence === undefined ? [] : [[chainId, divergence] as const],
    );
    return new Map(found);
  }

  /** What this node still has to do for chains that it left, by chain. */
  departures(): ReadonlyMap<bigint, Owed> {
    const found = [...this.#members].flatMap(
      ([
        chainId,
        {
          departure: { owed },
        },
      ]) => (owed === undefined ? [] : [[chainId, owed] as const]),
    );
    return new Map(found);
  }

  readings(): readonly MemberReading[] {
    return [...this.#members.values()].map((member) => member.reading());
  }

  /** Stops all members; none is started after that. */
  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#members.keys()].map((chainId) => this.stop(chainId, "deleted")));
  }

  #recovery(chainId: bigint, openings: Openings): void {
    this.#openings.set(chainId, openings);
    const group = this.#members.get(chainId)?.spec.group;
    if (group !== undefined) this.#parts.eras.tell(group, openings);
  }

  #inTurn(chainId: bigint, work: () => Promise<void>): Promise<void> {
    const result = (this.#last.get(chainId) ?? Promise.resolve()).then(work);
    const settled = result.catch(() => undefined);
    this.#last.set(chainId, settled);
    settled.then(() => {
      if (this.#last.get(chainId) === settled) this.#last.delete(chainId);
    });
    return result;
  }

  async #open(spec: MemberSpec, later: LaterEpochs | undefined): Promise<void> {
    const { chainId, era } = spec;
    const before = this.#members.get(chainId);
    if (before !== undefined) {
      const same = before.spec.era === era && before.spec.epoch === spec.epoch;
      if (same && !this.#expired.has(before)) {
        if (later !== undefined) before.learn(later);
        return;
      }
      await this.#close(chainId, before);
    }
    const failed = this.#failed.get(chainId);
    if (failed !== undefined && performance.now() < failed.until) throw failed.error;
    if (this.#stopped) return;
    const chain = chainId.toString();
    const logger = this.#parts.logger.child({ chain });
    const openings = this.#openings.get(chainId);
    if (openings !== undefined) this.#parts.eras.tell(spec.group, openings);
    try {
      const member: Member = await Member.open(spec, later, {
        ...this.#parts,
        logger,
        turns: this.#turns,
        lied: ({ seat, about }) => this.#lied(chainId, seat, about),
        joined: this.#joined.has(chainId),
        again: () => this.#again(chainId),
        failed: (error) => this.#fail(chainId, error),
      });
      this.#members.set(chainId, member);
      this.#leftBehind.delete(chainId);
      this.#parts.rpc.addChain(chainId, member.backend);
      this.#failed.delete(chainId);
      const { seat, members, slots } = member.committees.of(member) ?? spec;
      const { height } = member.status();
      logger.info({ era, epoch: member.epoch, seat, members: members.length, slots, height }, "member runs");
    } catch (error) {
      this.#remember(chainId, error);
      if (isDiverged(error)) await setStateAside(memberFolder(this.#parts.dataDir, chainId));
      throw error;
    }
  }

  /** Node ids of members that served a false snapshot, by chain, since the node started. */
  liars(): ReadonlyMap<bigint, ReadonlySet<number>> {
    return this.#liars;
  }

  #lied(chainId: bigint, seat: number, about: string): void {
    const node = this.#members.get(chainId)?.peer(seat)?.nodeId ?? 0;
    const known = this.#liars.get(chainId) ?? new Set();
    this.#liars.set(chainId, known.add(node));
    const chain = chainId.toString();
    this.#parts.logger.warn({ chain, seat, node, about }, "a member served a false snapshot and is asked no more");
  }

  /** Closes the member and opens it with the snapshot that lies in its folder now. */
  #again(chainId: bigint): void {
    this.#joined.add(chainId);
    setImmediate(() => {
      this.#inTurn(chainId, async () => {
        const member = this.#members.get(chainId);
        if (member === undefined || this.#expired.has(member)) return;
        const { first, later } = member.committees;
        const { distrusted } = member;
        await this.#close(chainId, member);
        if (distrusted) await setRepairedAside(memberFolder(this.#parts.dataDir, chainId));
        await this.#open(first, later);
      }).catch(() => undefined);
    });
  }

  /** What a running member threw: it is stopped on a turn of its own, since it may stand in the middle of anything. */
  #fail(chainId: bigint, error: unknown): void {
    this.#remember(chainId, error);
    setImmediate(() => {
      this.#inTurn(chainId, async () => {
        const member = this.#members.get(chainId);
        if (member !== undefined) await this.#close(chainId, member);
        if (isDiverged(error)) await setStateAside(memberFolder(this.#parts.dataDir, chainId));
      }).catch((cause: unknown) => {
        this.#parts.logger.error({ chain: chainId.toString(), err: cause }, "a failed member did not close cleanly");
      });
    });
  }

  #remember(chainId: bigint, error: unknown): void {
    const count = (this.#failed.get(chainId)?.count ?? 0) + 1;
    const doubled = Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), LONGEST_PAUSE_MS);
    const pause = isDiskFull(error) ? DISK_FULL_PAUSE_MS : doubled;
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && "code" in error ? String(error.code) : "internal";
    this.#failed.set(chainId, { error, count, code, message, at: Date.now(), until: performance.now() + pause });
    this.#parts.logger.error({ chain: chainId.toString(), code, err: error }, "member failed and is stopped");
  }

  async #close(chainId: bigint, member: Member): Promise<void> {
    this.#parts.rpc.removeChain(chainId);
    this.#members.delete(chainId);
    this.#expired.delete(member);
    await member.stop();
  }
}
