import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import type { GroupKeys } from "@tributary/protocol/keygen/group-keys";
import { assembleReady, readyDigest } from "@tributary/protocol/keygen/ready";
import { combineResharing } from "@tributary/protocol/keygen/resharing";
import type { ResharingVault } from "@tributary/protocol/ports/key-vault";
import type { ReadyBoard } from "@tributary/protocol/ports/ready-board";
import type { ActResult, Agent, Now } from "../agent.ts";
import { collectReady } from "../keygen/ready-collector.ts";
import type { Logger } from "../logger.ts";
import {
  isChainEvent,
  isKeyGenerationEvent,
  isNodeEvent,
  isResharingEvent,
  type MainchainEvent,
} from "../mainchain/events.ts";
import { type NodeRegistry, nodeIdOf, noNodes, reduceNodes } from "../mainchain/node-registry.ts";
import type { SendResult } from "../mainchain/sender.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import {
  dropHandovers,
  type Handover,
  type Handovers,
  newEncryptionKeys,
  noHandovers,
  postedBy,
  reduceFresh,
  reduceHandovers,
  slotOf,
} from "./handover.ts";
import { handoverKey, nextResharingActions, type ResharingAction, resharingActionKey } from "./next-action.ts";
import type { ResharingCalls } from "./resharing-calls.ts";

export type ResharingState = { readonly nodes: NodeRegistry; readonly handovers: Handovers };

export type ResharingOptions = {
  readonly vault: ResharingVault;
  readonly board: ReadyBoard;
  readonly calls: Pick<ResharingCalls, keyof ResharingCalls>;
  /** Whether the chain's state is here up to 64 heights of the tip: READY promises that. consensus.md 14. */
  readonly current: (chainId: bigint) => boolean;
  readonly logger: Logger;
};

type Of<Kind extends ResharingAction["kind"]> = ResharingAction & { readonly kind: Kind };

/** Takes part in the resharings in which this node has an old or a new seat. */
export class ResharingAgent implements Agent<ResharingState, MainchainEvent, ResharingAction> {
  readonly name = "resharing";
  readonly initial: ResharingState = { nodes: noNodes, handovers: noHandovers };
  readonly #options: ResharingOptions;
  readonly #judged = new Map<string, bigint>();
  readonly #signed = new Map<string, bigint>();
  readonly #settled = new Set<string>();

  constructor(options: ResharingOptions) {
    this.#options = options;
  }

  reduce(state: ResharingState, { event, block }: MainchainFact<MainchainEvent>): ResharingState {
    const { nodes, handovers } = state;
    if (isNodeEvent(event)) return { handovers, nodes: reduceNodes(nodes, event) };
    if (isKeyGenerationEvent(event)) return { nodes, handovers: reduceFresh(handovers, event, block) };
    if (isResharingEvent(event)) return { nodes, handovers: reduceHandovers(handovers, event, block) };
    if (isChainEvent(event) && (event.name === "ChainDeleted" || event.name === "ChainExpired")) {
      return { nodes, handovers: dropHandovers(handovers, event.chainId) };
    }
    return state;
  }

  nextActions(state: ResharingState, now: Now): readonly ResharingAction[] {
    const id = nodeIdOf(state.nodes, this.#options.vault.nodeAddress);
    if (id === undefined) return [];
    const progress = { judged: this.#judged, signed: this.#signed, settled: this.#settled };
    const actions: ResharingAction[] = [];
    for (const handover of state.handovers.current.values()) {
      if (handover.phase === "done" || handover.phase === "failed") this.#close(handover);
      actions.push(...nextResharingActions(handover, id, state.nodes, progress, now));
    }
    return actions;
  }

  key(action: ResharingAction): string {
    return resharingActionKey(action);
  }

  async act(action: ResharingAction, signal: AbortSignal): Promise<ActResult> {
    const { vault, calls } = this.#options;
    const { handover } = action;
    const { chainId } = handover;
    const slot = slotOf(handover);
    const key = resharingActionKey(action);
    if (action.kind === "accept") {
      const { key: encryptionKey, proof } = await vault.encryptionKey(slot, action.seat);
      return fromSent(await calls.acceptSeat(chainId, encryptionKey, proof, key));
    }
    if (action.kind === "advance") {
      const advanced = await calls.advance(chainId, key);
      if (advanced.kind !== "reverted") return fromSent(advanced);
      // The window was extended for those who are missing; when the whole time has passed it can only end.
      const failed = await calls.fail(chainId, `${key}/fail`);
      return failed.kind === "mined" ? { kind: "done" } : { kind: "retry", reason: advanced.reason };
    }
    const previous = handover.previous?.keys();
    if (previous === undefined) return { kind: "retry", reason: "the old epoch's keys are not known here" };
    switch (action.kind) {
      case "deal": {
        const from = { ...slot, epoch: handover.fromEpoch };
        const keys = newEncryptionKeys(handover);
        return fromSent(
          await calls.deal(chainId, await vault.dealShare(slot, from, action.dealer, previous, keys), key),
        );
      }
      case "judge":
        return await this.#judge(action, previous);
      case "sign":
        return await this.#sign(action, previous);
      case "submit":
        return await this.#submit(action, previous, signal);
      case "settle":
        return await this.#settle(action, previous);
    }
  }

  forget(): void {
    this.#judged.clear();
    this.#signed.clear();
    this.#settled.clear();
  }

  #close(handover: Handover): void {
    const key = handoverKey(handover);
    this.#judged.delete(key);
    if (!this.#signed.delete(key)) return;
    const { chainId, epoch, phase } = handover;
    this.#options.board.withdraw(chainId);
    this.#options.logger.info({ chain: chainId.toString(), epoch, phase }, "resharing ended");
  }

  async #judge({ handover, seat, dealers }: Of<"judge">, previous: GroupKeys): Promise<ActResult> {
    const { vault, calls, logger } = this.#options;
    const { chainId } = handover;
    const posted = postedBy(handover, dealers);
    const keys = newEncryptionKeys(handover);
    const verdicts = await vault.judgeShares(slotOf(handover), seat, previous, keys, posted);
    const key = handoverKey(handover);
    let good = this.#judged.get(key) ?? 0n;
    let open = false;
    for (const verdict of verdicts) {
      if (verdict.kind === "good") {
        good |= 1n << BigInt(verdict.dealer);
        continue;
      }
      const dealing = posted.find(({ dealer }) => dealer === verdict.dealer);
      if (dealing === undefined) continue;
      const fields = { chain: chainId.toString(), dealer: verdict.dealer, fault: verdict.complaint.kind };
      logger.warn(fields, "complaining about a bad dealing of a share");
      const name = `complain/${key}/${verdict.dealer}`;
      const sent = await calls.complain(dealing, chainId, verdict.complaint, previous.shareKeys, name);
      if (sent.kind === "mined") continue;
      open = true;
      logger.warn({ ...fields, reason: sent.reason }, "the complaint did not get through");
    }
    this.#judged.set(key, good);
    return open ? { kind: "retry", reason: "a complaint is open" } : { kind: "done" };
  }

  async #sign({ handover, seat, qualified }: Of<"sign">, previous: GroupKeys): Promise<ActResult> {
    const { vault, board, current } = this.#options;
    if (!current(handover.chainId)) return { kind: "retry", reason: "the chain's state is not here yet" };
    const slot = slotOf(handover);
    const posted = postedBy(handover, qualified);
    const keys = await vault.acceptReshared(slot, seat, previous, newEncryptionKeys(handover), posted);
    const digest = readyDigest(contextOf(handover), keys, handover.nodeIds, qualified);
    const signatures = await vault.signReady(slot, seat, handover.nodeIds, qualified);
    board.publish(handover.chainId, { ...slot, seat, digest: toHex(digest), ...signatures });
    this.#signed.set(handoverKey(handover), qualified);
    return { kind: "done" };
  }

  async #submit(action: Of<"submit">, previous: GroupKeys, signal: AbortSignal): Promise<ActResult> {
    const { board, calls } = this.#options;
    const { handover, qualified, needed, nodes } = action;
    const keys = combineResharing(previous, postedBy(handover, qualified), handover.nodeIds.length);
    if (keys === undefined) return { kind: "retry", reason: "the qualified dealings give no keys" };
    const digest = readyDigest(contextOf(handover), keys, handover.nodeIds, qualified);
    const members = handover.nodeIds.map((id, seat) => {
      const node = nodes.get(id);
      return { seat, rpc: node?.rpc ?? "", blsKey: fromHex(node?.blsKey ?? "0x") ?? new Uint8Array(0) };
    });
    const collected = await collectReady(board, handover, digest, keys, members, signal);
    if (collected.length < needed) {
      return { kind: "retry", reason: `${collected.length} of ${needed} READY signatures so far` };
    }
    const registered = members.map(({ blsKey }) => blsKey);
    const call = assembleReady(digest, keys, registered, collected);
    if (call === undefined) return { kind: "retry", reason: "READY signatures do not combine" };
    return fromSent(await calls.ready(handover.chainId, call, resharingActionKey(action)));
  }

  async #settle({ handover, seat, qualified }: Of<"settle">, previous: GroupKeys): Promise<ActResult> {
    const { vault } = this.#options;
    const slot = slotOf(handover);
    if (!(await vault.encryptionErased(slot, seat))) {
      const posted = postedBy(handover, qualified);
      await vault.acceptReshared(slot, seat, previous, newEncryptionKeys(handover), posted);
      await vault.eraseEncryption(slot, seat);
    }
    this.#settled.add(handoverKey(handover));
    return { kind: "done" };
  }
}

function contextOf(handover: Handover): { group: Uint8Array; era: number; epoch: number } {
  const group = fromHex(handover.group);
  if (group === undefined) throw new Error("a group's hash is hex");
  return { group, era: handover.era, epoch: handover.epoch };
}

function fromSent(result: SendResult): ActResult {
  return result.kind === "mined" ? { kind: "done" } : { kind: "retry", reason: result.reason };
}
