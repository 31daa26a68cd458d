import { fromHex } from "@tributary/protocol/bytes/index";
import type { CancelBoard } from "@tributary/protocol/ports/cancel-board";
import type { CancelVault } from "@tributary/protocol/ports/cancel-vault";
import type { RecoveryClaims, RecoveryHost } from "@tributary/protocol/ports/recovery-host";
import type { ActResult, Agent, Now } from "../agent.ts";
import type { Logger } from "../logger.ts";
import {
  isChainEvent,
  isKeyGenerationEvent,
  isNodeEvent,
  isRecoveryEvent,
  isResharingEvent,
  type MainchainEvent,
} from "../mainchain/events.ts";
import { type NodeRegistry, nodeIdOf, noNodes, reduceNodes } from "../mainchain/node-registry.ts";
import type { SendResult } from "../mainchain/sender.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import {
  dropHandovers,
  type Handovers,
  noHandovers,
  type ReadyEpoch,
  reduceFresh,
  reduceHandovers,
} from "../resharing/handover.ts";
import { collectCancel } from "./cancel-collector.ts";
import {
  type Held,
  nextRecoveryActions,
  type RecoveryAction,
  type RecoveryPart,
  type RecoveryProgress,
  recoveryActionKey,
} from "./next-action.ts";
import {
  cancelledOnes,
  dropOpening,
  isUnderWay,
  noOpenings,
  type Opening,
  type Openings,
  reduceOpenings,
} from "./opening.ts";
import type { RecoveryCalls } from "./recovery-calls.ts";

export type RecoveryState = {
  readonly nodes: NodeRegistry;
  readonly handovers: Handovers;
  readonly openings: Openings;
};

export type RecoveryOptions = {
  readonly nodeAddress: `0x${string}`;
  readonly vault: CancelVault;
  readonly host: RecoveryHost;
  /** Chains with a member here. */
  readonly running: () => readonly bigint[];
  readonly board: CancelBoard;
  readonly calls: Pick<RecoveryCalls, keyof RecoveryCalls>;
  /** Milliseconds without a quorum before this node challenges; the members of later seats wait as long again each. */
  readonly patienceMs: number;
  readonly logger: Logger;
};

/** An action with what it needs of the chain's newest epoch. */
export type RecoveryTask = {
  readonly action: RecoveryAction;
  readonly epoch: ReadyEpoch;
  /** Group keys by era, compressed. */
  readonly groupKeys: ReadonlyMap<number, `0x${string}`>;
  /** The own one in it. */
  readonly seat: number | undefined;
  readonly nodes: NodeRegistry;
};

/** Openings of which is remembered what was done. */
const MAX_REMEMBERED = 1_024;

/**
 * Milliseconds after which a node looks again for what it holds: a freeze takes effect a moment after it was asked for, and
 * one that was behind may come to hold more.
 */
const LOOK_MS = 10_000;

/** Of the time for claims the last such part counts as late. */
const LATE_PART = 4n;

type Found = RecoveryClaims & { readonly at: number };

/** Brings a chain whose quorum is lost for good into its next era, as far as one member can. consensus.md 15. */
export class RecoveryAgent implements Agent<RecoveryState, MainchainEvent, RecoveryTask> {
  readonly name = "recovery";
  readonly initial: RecoveryState = { nodes: noNodes, handovers: noHandovers, openings: noOpenings };
  readonly #options: RecoveryOptions;
  /** All by opening but the last: since when no quorum answers, by chain and the local clock. */
  readonly #frozen = new Set<string>();
  readonly #thawed = new Set<string>();
  readonly #signed = new Set<string>();
  readonly #held = new Map<string, Found>();
  /** When this node first saw that claims are taken, in mainchain seconds. */
  readonly #seen = new Map<string, bigint>();
  readonly #silentSince = new Map<bigint, number>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  reduce(state: RecoveryState, { event, block }: MainchainFact<MainchainEvent>): RecoveryState {
    const { nodes, handovers, openings } = state;
    if (isNodeEvent(event)) return { ...state, nodes: reduceNodes(nodes, event) };
    if (isKeyGenerationEvent(event)) return { ...state, handovers: reduceFresh(handovers, event, block) };
    if (isResharingEvent(event)) return { ...state, handovers: reduceHandovers(handovers, event, block) };
    if (isRecoveryEvent(event)) return { ...state, openings: reduceOpenings(openings, event, block) };
    if (isChainEvent(event) && (event.name === "ChainDeleted" || event.name === "ChainExpired")) {
      const { chainId } = event;
      return { ...state, handovers: dropHandovers(handovers, chainId), openings: dropOpening(openings, chainId) };
    }
    return state;
  }

  nextActions(state: RecoveryState, now: Now): readonly RecoveryTask[] {
    const id = nodeIdOf(state.nodes, this.#options.nodeAddress);
    if (id === undefined) return [];
    const running = new Set(this.#options.running());
    const tasks: RecoveryTask[] = [];
    for (const [chainId, epochs] of state.handovers.history) {
      const newest = epochs.at(-1);
      const opening = state.openings.get(chainId);
      if (newest === undefined) continue;
      const part = this.#partIn(chainId, newest, id, running.has(chainId));
      // An opening of an earlier era is over, whatever became of it.
      const current = opening?.era === newest.era ? opening : undefined;
      const actions =
        current === undefined ? [] : nextRecoveryActions(current, part, this.#progress(current, now), now);
      const quiet = current !== undefined && isUnderWay(current);
      if (quiet) this.#silentSince.delete(chainId);
      const all = quiet ? actions : [...actions, ...this.#challenging(chainId, part, now)];
      const groupKeys = new Map(epochs.map(({ era, groupKey }) => [era, groupKey]));
      const known = { epoch: newest, groupKeys, seat: part.seat, nodes: state.nodes };
      tasks.push(...all.map((action) => ({ action, ...known })));
    }
    return tasks;
  }

  key({ action }: RecoveryTask): string {
    return recoveryActionKey(action);
  }

  async act(task: RecoveryTask, signal: AbortSignal): Promise<ActResult> {
    const { calls, logger } = this.#options;
    const { action } = task;
    const key = recoveryActionKey(action);
    if (action.kind === "challenge") {
      logger.warn({ chain: action.chainId.toString() }, "no quorum answers: asking the chain for a sign of life");
      return fromSent(await calls.step("challenge", action.chainId, key));
    }
    const { opening } = action;
    switch (action.kind) {
      case "freeze":
        return await this.#freeze(opening);
      case "thaw":
        return await this.#thaw(opening);
      case "look":
        return await this.#look(opening);
      case "claim":
        return await this.#claim(opening, task, key);
      case "sign-cancel":
        return await this.#signCancel(opening, task);
      case "submit-cancel":
        return await this.#submitCancel(opening, task, key, signal);
      case "open":
      case "lack":
      case "stand":
      case "close":
      case "start":
        logger.info({ chain: opening.chainId.toString(), step: action.kind }, "moving the Recovery on");
        return fromSent(await calls.step(action.kind, opening.chainId, key));
    }
  }

  forget(): void {
    for (const remembered of [this.#frozen, this.#thawed, this.#signed, this.#held]) remembered.clear();
  }

  #progress(opening: Opening, { clock, head }: Now): RecoveryProgress {
    const held = new Map<string, Held>();
    for (const [openingId, { final, order, lacking, at }] of this.#held) {
      // A clock that was set back makes it look again, too.
      if (Math.abs(clock - at) < LOOK_MS) {
        const lower = lacking === undefined ? {} : { lower: lacking.upTo?.height ?? 0 };
        held.set(openingId, { final: final?.height ?? 0, order: order?.height ?? 0, ...lower });
      }
    }
    const late = new Set(this.#isLate(opening, head.timestamp) ? [opening.openingId] : []);
    return { frozen: this.#frozen, thawed: this.#thawed, signed: this.#signed, held, late };
  }

  #isLate({ openingId, phase, until }: Opening, now: bigint): boolean {
    if (phase !== "open") return false;
    if (this.#seen.size >= MAX_REMEMBERED) this.#seen.clear();
    const since = this.#seen.get(openingId) ?? now;
    this.#seen.set(openingId, since);
    return (until - now) * LATE_PART <= until - since;
  }

  #partIn(chainId: bigint, newest: ReadyEpoch, id: number, runs: boolean): RecoveryPart {
    const seat = newest.nodeIds.indexOf(id);
    const quorate = seat >= 0 && runs && this.#options.host.quorate(chainId);
    return { seat: seat < 0 ? undefined : seat, id, runs, quorate };
  }

  /** A member that misses the others for long asks the mainchain whether they are gone. */
  #challenging(chainId: bigint, { seat, runs, quorate }: RecoveryPart, now: Now): readonly RecoveryAction[] {
    if (seat === undefined || !runs || quorate) {
      this.#silentSince.delete(chainId);
      return [];
    }
    const since = this.#silentSince.get(chainId) ?? now.clock;
    this.#silentSince.set(chainId, since);
    const due = now.clock - since >= this.#options.patienceMs * (seat + 1);
    return due ? [{ kind: "challenge", chainId }] : [];
  }

  async #freeze({ chainId, openingId, era }: Opening): Promise<ActResult> {
    await this.#options.host.freeze(chainId, { openingId, era });
    remember(this.#frozen, openingId);
    this.#options.logger.warn(
      { chain: chainId.toString(), era },
      "a Recovery is open: nothing more is signed in the era",
    );
    return { kind: "done" };
  }

  async #thaw(opening: Opening): Promise<ActResult> {
    const { chainId, era, phase } = opening;
    const openingIds = cancelledOnes(opening);
    await this.#options.host.thaw(chainId, { openingIds, era });
    // While there is a challenge the share is its answer.
    if (phase === "cancelled") this.#options.board.withdrawCancel(chainId);
    remember(this.#thawed, openingIds.at(-1) ?? "");
    this.#options.logger.info({ chain: chainId.toString(), era }, "the Recovery is cancelled: the era goes on");
    return { kind: "done" };
  }

  async #look({ chainId, openingId, era }: Opening): Promise<ActResult> {
    const held = await this.#options.host.claims(chainId, era);
    if (this.#held.size >= MAX_REMEMBERED) this.#held.clear();
    this.#held.set(openingId, { ...held, at: Date.now() });
    const { final, order, lacking } = held;
    const lacks = lacking === undefined ? undefined : { upTo: lacking.upTo?.height };
    const fields = { chain: chainId.toString(), final: final?.height, order: order?.height, lacks };
    this.#options.logger.info(fields, "looked for what to claim");
    return { kind: "done" };
  }

  /** The final container first: an order below it says nothing more. */
  async #claim(opening: Opening, { groupKeys }: RecoveryTask, key: string): Promise<ActResult> {
    const { calls } = this.#options;
    const { final, order, lacking } = this.#held.get(opening.openingId) ?? {};
    const keyOf = (era: number): Uint8Array => fromHex(groupKeys.get(era) ?? "0x") ?? new Uint8Array(0);
    if (final !== undefined && final.height > opening.finalHeight) {
      const sent = await calls.claimFinal(opening.chainId, final, keyOf(final.era), `${key}/final`);
      if (sent.kind !== "mined") return fromSent(sent);
    }
    const ordered = Math.max(opening.orderHeight, final?.height ?? 0);
    const lower = lacking?.upTo;
    if (lower !== undefined && lower.height > Math.max(opening.lowerHeight, opening.finalHeight, final?.height ?? 0)) {
      return fromSent(await calls.claimInherited(opening.chainId, lower, keyOf(lower.era), `${key}/inherited`));
    }
    if (order === undefined || order.height <= ordered) return { kind: "done" };
    return fromSent(await calls.claimOrder(opening.chainId, order, keyOf(order.era), `${key}/order`));
  }

  async #signCancel({ chainId, openingId }: Opening, { epoch, seat }: RecoveryTask): Promise<ActResult> {
    if (seat === undefined) return { kind: "retry", reason: "no seat in the newest epoch" };
    const slot = { group: epoch.group, era: epoch.era, epoch: epoch.epoch };
    const share = await this.#options.vault.signCancel(slot, seat, openingId);
    this.#options.board.publishCancel(chainId, { openingId, era: epoch.era, epoch: epoch.epoch, seat, share });
    remember(this.#signed, openingId);
    return { kind: "done" };
  }

  async #submitCancel(opening: Opening, task: RecoveryTask, key: string, signal: AbortSignal): Promise<ActResult> {
    const { board, calls } = this.#options;
    const keys = task.epoch.keys.keys();
    if (keys === undefined) return { kind: "retry", reason: "the chain's keys are not known here" };
    const rpcs = task.epoch.nodeIds.map((id) => task.nodes.get(id)?.rpc ?? "");
    const call = await collectCancel(board, opening, task.epoch, keys, rpcs, signal);
    if (call === undefined) return { kind: "retry", reason: "too few members show that they are back" };
    return fromSent(await calls.cancel(opening.chainId, call, key));
  }
}

function remember(names: Set<string>, name: string): void {
  if (names.size >= MAX_REMEMBERED) names.clear();
  names.add(name);
}

function fromSent(result: SendResult): ActResult {
  return result.kind === "mined" ? { kind: "done" } : { kind: "retry", reason: result.reason };
}
