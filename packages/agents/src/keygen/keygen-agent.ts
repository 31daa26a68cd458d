import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import { sumCommitments } from "@tributary/protocol/keygen/fresh-key";
import { assembleReady, readyDigest } from "@tributary/protocol/keygen/ready";
import type { KeySlot, KeyVault, PostedDealing } from "@tributary/protocol/ports/key-vault";
import type { ReadyBoard } from "@tributary/protocol/ports/ready-board";
import type { ActResult, Agent, Now } from "../agent.ts";
import type { Logger } from "../logger.ts";
import { isChainEvent, isKeyGenerationEvent, isNodeEvent, type MainchainEvent } from "../mainchain/events.ts";
import { type NodeRegistry, nodeIdOf, noNodes, reduceNodes } from "../mainchain/node-registry.ts";
import type { SendResult } from "../mainchain/sender.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import { seatsOf } from "./bitmap.ts";
import {
  dropGenerations,
  encryptionKeys,
  type Generation,
  type Generations,
  noGenerations,
  reduceGenerations,
} from "./generation.ts";
import type { KeygenCalls } from "./keygen-calls.ts";
import { generationKey, type KeygenAction, keygenActionKey, nextKeygenActions } from "./next-action.ts";
import { collectReady } from "./ready-collector.ts";

export type KeygenState = { readonly nodes: NodeRegistry; readonly generations: Generations };

export type KeygenOptions = {
  readonly vault: KeyVault;
  readonly board: ReadyBoard;
  readonly calls: Pick<KeygenCalls, keyof KeygenCalls>;
  /**
   * Whether the chain's state is here up to 64 heights of the tip: READY of a later era promises that, as of a resharing.
   * consensus.md 14 and 15. Not asked where it is not given: a node that holds no chains.
   */
  readonly current?: (chainId: bigint) => boolean;
  readonly logger: Logger;
};

/** Takes part in the key generations in which this node has a seat. */
export class KeygenAgent implements Agent<KeygenState, MainchainEvent, KeygenAction> {
  readonly name = "keygen";
  readonly initial: KeygenState = { nodes: noNodes, generations: noGenerations };
  readonly #options: KeygenOptions;
  readonly #judged = new Map<string, bigint>();
  readonly #signed = new Map<string, bigint>();

  constructor(options: KeygenOptions) {
    this.#options = options;
  }

  reduce(state: KeygenState, fact: MainchainFact<MainchainEvent>): KeygenState {
    const { event, block } = fact;
    if (isNodeEvent(event)) return { ...state, nodes: reduceNodes(state.nodes, event) };
    if (isKeyGenerationEvent(event)) {
      return { ...state, generations: reduceGenerations(state.generations, event, block) };
    }
    if (isChainEvent(event) && (event.name === "ChainDeleted" || event.name === "ChainFailed")) {
      return { ...state, generations: dropGenerations(state.generations, event.chainId) };
    }
    return state;
  }

  nextActions(state: KeygenState, now: Now): readonly KeygenAction[] {
    const id = nodeIdOf(state.nodes, this.#options.vault.nodeAddress);
    if (id === undefined) return [];
    const progress = { judged: this.#judged, signed: this.#signed };
    const actions: KeygenAction[] = [];
    for (const generation of state.generations.current.values()) {
      const seat = generation.nodeIds.indexOf(id);
      if (seat < 0) continue;
      if (generation.phase === "done" || generation.phase === "failed") this.#close(generation);
      const later = state.generations.done.has(generation.chainId);
      const behind = later && this.#options.current?.(generation.chainId) === false;
      actions.push(...nextKeygenActions(generation, seat, state.nodes, { ...progress, behind }, now));
    }
    return actions;
  }

  key(action: KeygenAction): string {
    return keygenActionKey(action);
  }

  async act(action: KeygenAction, signal: AbortSignal): Promise<ActResult> {
    const { vault, calls } = this.#options;
    const { generation } = action;
    const slot = slotOf(generation);
    const key = keygenActionKey(action);
    const { chainId } = generation;
    switch (action.kind) {
      case "accept": {
        const { key: encryptionKey, proof } = await vault.encryptionKey(slot, action.seat);
        return fromSent(await calls.acceptSeat(chainId, encryptionKey, proof, key));
      }
      case "deal": {
        const dealing = await vault.deal(slot, action.seat, encryptionKeys(generation));
        return fromSent(await calls.deal(chainId, dealing, key));
      }
      case "judge":
        return await this.#judge(action);
      case "sign":
        return await this.#sign(action);
      case "submit":
        return await this.#submit(action, signal);
      case "advance": {
        const advanced = await calls.advance(chainId, key);
        if (advanced.kind !== "reverted") return fromSent(advanced);
        // The window was extended for those who are missing; when the whole time has passed it can only end.
        const failed = await calls.fail(chainId, `${key}/fail`);
        return failed.kind === "mined" ? { kind: "done" } : { kind: "retry", reason: advanced.reason };
      }
    }
  }

  forget(): void {
    this.#judged.clear();
    this.#signed.clear();
  }

  #close(generation: Generation): void {
    const key = generationKey(generation);
    this.#judged.delete(key);
    if (!this.#signed.delete(key)) return;
    this.#options.board.withdraw(generation.chainId);
    this.#options.logger.info(
      { chain: generation.chainId.toString(), phase: generation.phase },
      "key generation ended",
    );
  }

  async #judge(action: KeygenAction & { kind: "judge" }): Promise<ActResult> {
    const { vault, calls, logger } = this.#options;
    const { generation, seat, dealers } = action;
    const posted = postedDealings(generation, dealers);
    const verdicts = await vault.judge(slotOf(generation), seat, encryptionKeys(generation), posted);
    const key = generationKey(generation);
    let good = this.#judged.get(key) ?? 0n;
    let open = false;
    for (const verdict of verdicts) {
      if (verdict.kind === "good") {
        good |= 1n << BigInt(verdict.dealer);
        continue;
      }
      const dealing = posted.find(({ dealer }) => dealer === verdict.dealer);
      if (dealing === undefined) continue;
      const fields = { chain: generation.chainId.toString(), dealer: verdict.dealer, fault: verdict.complaint.kind };
      logger.warn(fields, "complaining about a bad dealing");
      const name = `complain/${key}/${verdict.dealer}`;
      const sent = await calls.complain(dealing, generation.chainId, verdict.complaint, name);
      if (sent.kind !== "mined") {
        open = true;
        logger.warn({ ...fields, reason: sent.reason }, "the complaint did not get through");
      }
    }
    this.#judged.set(key, good);
    return open ? { kind: "retry", reason: "a complaint is open" } : { kind: "done" };
  }

  async #sign(action: KeygenAction & { kind: "sign" }): Promise<ActResult> {
    const { vault, board } = this.#options;
    const { generation, seat, qualified } = action;
    const slot = slotOf(generation);
    const posted = postedDealings(generation, qualified);
    const keys = await vault.acceptShare(slot, seat, encryptionKeys(generation), posted);
    const digest = readyDigest(contextOf(generation), keys, generation.nodeIds, qualified);
    const signatures = await vault.signReady(slot, seat, generation.nodeIds, qualified);
    board.publish(generation.chainId, {
      group: generation.group,
      era: generation.era,
      epoch: generation.epoch,
      seat,
      digest: toHex(digest),
      registered: signatures.registered,
      share: signatures.share,
    });
    this.#signed.set(generationKey(generation), qualified);
    return { kind: "done" };
  }

  async #submit(action: KeygenAction & { kind: "submit" }, signal: AbortSignal): Promise<ActResult> {
    const { board, calls } = this.#options;
    const { generation, qualified, needed } = action;
    const keys = sumCommitments(postedDealings(generation, qualified), generation.nodeIds.length);
    if (keys === undefined) return { kind: "retry", reason: "the qualified dealings give no key" };
    const digest = readyDigest(contextOf(generation), keys, generation.nodeIds, qualified);
    const members = readyMembers(generation, action.nodes);
    const collected = await collectReady(board, generation, digest, keys, members, signal);
    if (collected.length < needed) {
      return { kind: "retry", reason: `${collected.length} of ${needed} READY signatures so far` };
    }
    const call = assembleReady(
      digest,
      keys,
      members.map((member) => member.blsKey),
      collected,
    );
    if (call === undefined) return { kind: "retry", reason: "READY signatures do not combine" };
    return fromSent(await calls.ready(generation.chainId, call, keygenActionKey(action)));
  }
}

function readyMembers(generation: Generation, nodes: NodeRegistry): Parameters<typeof collectReady>[4] {
  return generation.nodeIds.map((id, seat) => {
    const node = nodes.get(id);
    return { seat, rpc: node?.rpc ?? "", blsKey: fromHex(node?.blsKey ?? "0x") ?? new Uint8Array(0) };
  });
}

export function slotOf(generation: Generation): KeySlot {
  return { group: generation.group, era: generation.era, epoch: generation.epoch };
}

function contextOf(generation: Generation): { group: Uint8Array; era: number; epoch: number } {
  const group = fromHex(generation.group);
  if (group === undefined) throw new Error("a group's hash is hex");
  return { group, era: generation.era, epoch: generation.epoch };
}

export function postedDealings(generation: Generation, dealers: bigint): readonly PostedDealing[] {
  return seatsOf(dealers).flatMap((dealer) => {
    const dealing = generation.dealings.get(dealer);
    return dealing === undefined ? [] : [{ dealer, dealing }];
  });
}

function fromSent(result: SendResult): ActResult {
  return result.kind === "mined" ? { kind: "done" } : { kind: "retry", reason: result.reason };
}
