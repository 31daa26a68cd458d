import type { KeyVault, ResharingVault } from "@tributary/protocol/ports/key-vault";
import { type MemberHost, type MemberSpec, NO_SEAT } from "@tributary/protocol/ports/member-host";
import type { ActResult, Agent, Now } from "../agent.ts";
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
  scheduleName,
  startName,
} from "./next-action.ts";

/** Epochs whose end is remembered. */
const MAX_DUE = 4_096;

export type LifecycleOptions = {
  readonly vault: KeyVault & Pick<ResharingVault, "encryptionErased">;
  readonly host: MemberHost;
  readonly calls: LifecycleCalls;
  readonly logger: Logger;
};

/** Starts and stops this node's members as the mainchain says, and helps chains on. */
export class LifecycleAgent implements Agent<LifecycleState, MainchainEvent, LifecycleAction> {
  readonly name = "lifecycle";
  readonly initial: LifecycleState = emptyLifecycle;
  readonly #options: LifecycleOptions;
  /** What the host was told of each chain. */
  readonly #told = new Map<bigint, string>();
  /** When epochs end by schedule, as the contract said. */
  readonly #due = new Map<string, bigint>();

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
    return nextLifecycleActions(state, id, new Map(running), now, this.#due);
  }

  key(action: LifecycleAction): string {
    return lifecycleActionKey(action);
  }

  async act(action: LifecycleAction): Promise<ActResult> {
    const { host, calls, logger } = this.#options;
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
          if (this.#due.size >= MAX_DUE) this.#due.clear();
          this.#due.set(scheduleName(action), await calls.endOfEpoch(action.chainId));
          return { kind: "done" };
        }
        return fromSent(await calls.requestScheduled(action.chainId, key));
      case "replace":
        return fromSent(await calls.requestExit(action.chainId, action.leaving, key));
      case "release":
        return fromSent(await calls.releaseLeavers(action.chainId, key));
      case "expire":
        return fromSent(await calls.expire(action.chainId, key));
    }
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
