import type { KeyVault } from "@tributary/protocol/ports/key-vault";
import type { MemberHost } from "@tributary/protocol/ports/member-host";
import type { ActResult, Agent, Now } from "../agent.ts";
import { encryptionKeys } from "../keygen/generation.ts";
import { postedDealings, slotOf } from "../keygen/keygen-agent.ts";
import type { Logger } from "../logger.ts";
import type { MainchainEvent } from "../mainchain/events.ts";
import { nodeIdOf } from "../mainchain/node-registry.ts";
import type { SendResult } from "../mainchain/sender.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import type { LifecycleCalls } from "./lifecycle-calls.ts";
import { emptyLifecycle, type LifecycleState, reduceLifecycle } from "./lifecycle-state.ts";
import { memberSpec } from "./member-spec.ts";
import { type LifecycleAction, lifecycleActionKey, nextLifecycleActions } from "./next-action.ts";

export type LifecycleOptions = {
  readonly vault: KeyVault;
  readonly host: MemberHost;
  readonly calls: LifecycleCalls;
  readonly logger: Logger;
};

/** Starts and stops this node's members as the mainchain says, and helps chains on. */
export class LifecycleAgent implements Agent<LifecycleState, MainchainEvent, LifecycleAction> {
  readonly name = "lifecycle";
  readonly initial: LifecycleState = emptyLifecycle;
  readonly #options: LifecycleOptions;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  reduce(state: LifecycleState, fact: MainchainFact<MainchainEvent>): LifecycleState {
    return reduceLifecycle(state, fact);
  }

  nextActions(state: LifecycleState, now: Now): readonly LifecycleAction[] {
    const id = nodeIdOf(state.nodes, this.#options.vault.nodeAddress);
    if (id === undefined) return [];
    return nextLifecycleActions(state, id, new Set(this.#options.host.running()), now);
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
        return { kind: "done" };
      case "select":
        return fromSent(await calls.select(action.chainId, action.seedBlock, key));
      case "start-keygen":
        return fromSent(await calls.startKeyGeneration(action.chainId, key));
      case "expire":
        return fromSent(await calls.expire(action.chainId, key));
    }
  }

  async #start(action: LifecycleAction & { kind: "start" }): Promise<ActResult> {
    const { vault, host, logger } = this.#options;
    const { chain, generation, seat, nodes } = action;
    const posted = postedDealings(generation, generation.result?.qualified ?? 0n);
    // Also takes the share where this node missed READY; otherwise gives what the vault has.
    const keys = await vault.acceptShare(slotOf(generation), seat, encryptionKeys(generation), posted);
    const built = memberSpec(chain, generation, seat, nodes, keys);
    if (built.kind === "mismatch") {
      logger.error(
        { code: "KEYS_MISMATCH", chain: chain.chainId.toString(), what: built.what },
        "the chain's keys on the mainchain do not follow from its dealings: the member does not start",
      );
      return { kind: "retry", reason: built.what };
    }
    await host.start(built.spec);
    logger.info({ chain: chain.chainId.toString(), name: chain.name, seat }, "member started");
    return { kind: "done" };
  }
}

function fromSent(result: SendResult): ActResult {
  return result.kind === "mined" ? { kind: "done" } : { kind: "retry", reason: result.reason };
}
