import { fromHex } from "@tributary/protocol/bytes/index";
import type { KeyVault, ResharingVault } from "@tributary/protocol/ports/key-vault";
import { type MemberHost, type MemberSpec, NO_SEAT } from "@tributary/protocol/ports/member-host";
import type { ActResult, Agent, Now } from "../agent.ts";
import { hasSeat } from "../keygen/bitmap.ts";
import { encryptionKeys } from "../keygen/generation.ts";
import { postedDealings, slotOf } from "../keygen/keygen-agent.ts";
import type { Logger } from "../logger.ts";
import type { MainchainEvent } from "../mainchain/events.ts";
import { nodeIdOf } from "../mainchain/node-registry.ts";
import type { SendResult } from "../mainchain/sender.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import type { ReadyEpoch } from "../resharing/handover.ts";
import type { LifecycleCalls } from "./lifecycle-calls.ts";
import { emptyLifecycle, type LifecycleState, reduceLifecycle } from "./lifecycle-state.ts";
import { memberRecords, memberSpec } from "./member-spec.ts";
import {
  type LifecycleAction,
  lifecycleActionKey,
  nextLifecycleActions,
  renewalName,
  scheduleName,
  startName,
} from "./next-action.ts";
import type { RenewalCalls } from "./renewal-calls.ts";

/** Epochs whose end is remembered. */
const MAX_DUE = 4_096;
/** Chains that this node left of which is remembered that nothing is left to do. */
const MAX_SETTLED = 4_096;

export type LifecycleOptions = {
  readonly vault: KeyVault & Pick<ResharingVault, "encryptionErased">;
  readonly host: MemberHost;
  readonly calls: LifecycleCalls;
  readonly renewals: RenewalCalls;
  readonly logger: Logger;
};

/** Starts and stops this node's members as the mainchain says, and helps chains on. */
export class LifecycleAgent implements Agent<LifecycleState, MainchainEvent, LifecycleAction> {
  readonly name = "lifecycle";
  readonly initial: LifecycleState = emptyLifecycle;
  readonly #options: LifecycleOptions;
  /** What the host was told of each chain. */
  readonly #told = new Map<bigint, string>();
  /** When epochs end by schedule, and when keys are renewed, as the contracts said. */
  readonly #due = new Map<string, bigint>();
  /** Last epochs with an own seat of which nothing is left to do. */
  readonly #settled = new Set<string>();

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  reduce(state: LifecycleState, fact: MainchainFact<MainchainEvent>): LifecycleState {
    return reduceLifecycle(state, fact);
  }

  nextActions(state: LifecycleState, now: Now): readonly LifecycleAction[] {
    const id = nodeIdOf(state.nodes, this.#options.vault.nodeAddress);
    if (id === undefined) return [];
    const running = this.#options.host.running().map((chainId) => [chainId, this.#told.get(chainId) ?? ""] as const);
    return nextLifecycleActions(state, id, new Map(running), now, this.#due, (...last) => this.#owes(...last));
  }

  key(action: LifecycleAction): string {
    return lifecycleActionKey(action);
  }

  async act(action: LifecycleAction): Promise<ActResult> {
    const { host, calls, renewals, logger } = this.#options;
    const key = lifecycleActionKey(action);
    switch (action.kind) {
      case "start":
        return await this.#start(action);
      case "stop":
        logger.info({ chain: action.chainId.toString(), reason: action.reason }, "stopping the member");
        await host.stop(action.chainId, action.reason);
        this.#told.delete(action.chainId);
        return { kind: "done" };
      case "select":
        return fromSent(await calls.select(action.chainId, action.seedBlock, key));
      case "start-keygen":
        return fromSent(await calls.startKeyGeneration(action.chainId, key));
      case "schedule":
        if (action.due === undefined) {
          return this.#learnDue(scheduleName(action), await calls.endOfEpoch(action.chainId));
        }
        return fromSent(await calls.requestScheduled(action.chainId, key));
      case "renew": {
        const name = renewalName(action);
        if (action.due === undefined) return this.#learnDue(name, await renewals.dueAt(action.chainId));
        const begun = fromSent(await renewals.begin(action.chainId, key));
        // An attempt that failed meanwhile moved it.
        if (begun.kind === "retry") this.#due.delete(name);
        return begun;
      }
      case "show": {
        const proof = host.border(action.chainId, action.ready);
        const groupKey = fromHex(action.groupKeys.get(proof?.era ?? 0) ?? "0x");
        if (proof === undefined || groupKey === undefined) {
          return { kind: "retry", reason: "where the era begins is not final here yet" };
        }
        return fromSent(await renewals.show(action.chainId, proof, groupKey, key));
      }
      case "replace":
        return fromSent(await calls.requestExit(action.chainId, action.leaving, key));
      case "release":
        return fromSent(await calls.releaseLeavers(action.chainId, key));
      case "expire":
        return fromSent(await calls.expire(action.chainId, key));
    }
  }

  /** What is settled stays so, and is looked for on the disk once. */
  #owes(chainId: bigint, { era, epoch }: { readonly era: number; readonly epoch: number }): boolean {
    const name = scheduleName({ chainId, era, epoch });
    if (this.#settled.has(name)) return false;
    if (this.#options.host.owes(chainId, { era, epoch })) return true;
    if (this.#settled.size >= MAX_SETTLED) this.#settled.clear();
    this.#settled.add(name);
    return false;
  }

  #learnDue(name: string, due: bigint): ActResult {
    if (this.#due.size >= MAX_DUE) this.#due.clear();
    this.#due.set(name, due);
    return { kind: "done" };
  }

  async #start(action: LifecycleAction & { kind: "start" }): Promise<ActResult> {
    const { host, logger } = this.#options;
    const { chain, history, joining, nodes } = action;
    const chainId = chain.chainId.toString();
    const specs: MemberSpec[] = [];
    let away = false;
    for (const ready of history) {
      const seat = await this.#seat(action, ready).catch((error: unknown) => {
        if (!isAway(error)) throw error;
        away = true;
        return ready.nodeIds.indexOf(action.id);
      });
      if (seat === undefined) return { kind: "retry", reason: `the share of epoch ${ready.epoch} is not here yet` };
      const keys = ready.keys.keys();
      const built = keys === undefined ? undefined : memberSpec(chain, ready, seat, nodes, keys);
      if (built?.kind !== "spec") {
        const what = built?.what ?? "dealings";
        logger.error(
          { code: "KEYS_MISMATCH", chain: chainId, epoch: ready.epoch, what },
          "the chain's keys on the mainchain do not follow from its dealings: the member does not start",
        );
        return { kind: "retry", reason: what };
      }
      specs.push(built.spec);
    }
    const [first, ...epochs] = specs;
    const records = memberRecords(joining, nodes);
    if (first === undefined) return { kind: "retry", reason: "no epoch is ready" };
    if (typeof records === "number") return { kind: "retry", reason: `node ${records} is not registered` };
    await host.start(first, { epochs, joining: records });
    // It serves and follows, and signs as soon as it can; whether its shares are there is asked again.
    if (away) return { kind: "retry", reason: "the vault is away: the member signs nothing" };
    this.#told.set(chain.chainId, startName(action));
    const newest = specs.at(-1);
    logger.info(
      { chain: chainId, name: chain.name, epoch: newest?.epoch, seat: newest?.seat, joining: joining.length },
      "member started",
    );
    return { kind: "done" };
  }

  /**
   * The own seat in an epoch, NO_SEAT where there is none or its share is gone; undefined where the share will come: the
   * newest epoch's is taken when READY is settled.
   */
  async #seat(
    { generations, id, history }: LifecycleAction & { kind: "start" },
    ready: ReadyEpoch,
  ): Promise<number | undefined> {
    const { vault } = this.#options;
    const seat = ready.nodeIds.indexOf(id);
    if (seat < 0) return NO_SEAT;
    const newest = ready === history.at(-1);
    const generation = generations.find(({ era, epoch }) => era === ready.era && epoch === ready.epoch);
    if (generation !== undefined) {
      // Who was away when seats were accepted has none, and follows until the next rotation.
      const { accepted } = generation;
      if (ready !== history[0] && accepted !== 0n && !hasSeat(accepted, seat)) return NO_SEAT;
      const posted = postedDealings(generation, generation.result?.qualified ?? 0n);
      try {
        // Also takes the share where this node missed READY.
        await vault.acceptShare(slotOf(generation), seat, encryptionKeys(generation), posted);
      } catch (error) {
        if (newest || isAway(error)) throw error;
        return NO_SEAT;
      }
      return seat;
    }
    if (await vault.encryptionErased(ready, seat)) return seat;
    return newest ? undefined : NO_SEAT;
  }
}

/** The keys are in another process, which does not answer now. */
function isAway(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "vault-away";
}

function fromSent(result: SendResult): ActResult {
  return result.kind === "mined" ? { kind: "done" } : { kind: "retry", reason: result.reason };
}
