import type { MainchainEvent } from "@tributary/agents/mainchain/events";
import type { SendResult } from "@tributary/agents/mainchain/sender";
import type { MainchainFact } from "@tributary/agents/mainchain/watcher";
import {
  type Handover,
  newEncryptionKeys,
  noHandovers,
  postedBy,
  qualified,
  reduceFresh,
  reduceHandovers,
  unconvicted,
} from "@tributary/agents/resharing/handover";
import type { ResharingOptions } from "@tributary/agents/resharing/resharing-agent";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { equal, toHex } from "@tributary/protocol/bytes/index";
import { convicts } from "@tributary/protocol/keygen/complaint";
import { keysHash, seatBitmap } from "@tributary/protocol/keygen/ready";
import { breaksConstant, combineResharing } from "@tributary/protocol/keygen/resharing";
import type { KeySlot, PostedDealing, ResharingComplaint } from "@tributary/protocol/ports/key-vault";
import type { ReadyBoard, ReadyEntry } from "@tributary/protocol/ports/ready-board";
import { quorum } from "@tributary/protocol/quorum";

const ZERO: `0x${string}` = `0x${"00".repeat(32)}`;
const CHAIN = 7n;
/** Seconds of a window, and of a block. */
const WINDOW = 100n;
const BLOCK = 10n;

/** The mainchain of one resharing: it takes and refuses calls by the contract's rules. */
export class ResharingWorld {
  readonly facts: MainchainFact<MainchainEvent>[] = [];
  readonly group: `0x${string}`;
  readonly #board = new Map<string, ReadyEntry>();
  #state = noHandovers;
  block = 1n;

  constructor(group: `0x${string}`) {
    this.group = group;
  }

  get time(): bigint {
    return this.block * BLOCK;
  }

  get handover(): Handover {
    const handover = this.#state.current.get(CHAIN);
    if (handover === undefined) throw new Error("no resharing was begun");
    return handover;
  }

  get names(): readonly string[] {
    return this.facts.map(({ event }) => event.name);
  }

  tell(event: MainchainEvent): void {
    this.facts.push({ block: this.block, blockHash: ZERO, transaction: ZERO, logIndex: this.facts.length, event });
    const { name } = event;
    if (name === "KeyGenerationBegun" || name === "Dealt" || name === "KeyGenerated") {
      this.#state = reduceFresh(this.#state, event, this.block);
    } else if ("oldNodeIds" in event || (name !== "NodeRegistered" && this.#state.current.has(CHAIN))) {
      this.#state = reduceHandovers(this.#state, event as Parameters<typeof reduceHandovers>[1], this.block);
    }
  }

  begin(from: KeySlot, epoch: number, oldNodeIds: readonly number[], nodeIds: readonly number[]): void {
    const { group, era } = from;
    const slot = { chainId: CHAIN, group, era, fromEpoch: from.epoch, epoch };
    this.tell({ name: "ResharingBegun", ...slot, oldNodeIds, nodeIds, acceptUntil: this.time + WINDOW });
  }

  calls(id: number): ResharingOptions["calls"] {
    return {
      acceptSeat: async (_chain, key) => this.#accept(id, key),
      deal: async (_chain, dealing) => this.#deal(id, dealing),
      advance: async () => this.#advance(),
      fail: async () => reverted("the total window has not passed"),
      complain: async (posted, _chain, complaint) => this.#complain(id, posted, complaint),
      ready: async (_chain, call) => this.#ready(call.signers, call.keysHash),
    };
  }

  /** What a node shows, while its process lives. */
  board(rpc: string): ReadyBoard {
    return {
      publish: (_chain, entry) => {
        this.#board.set(rpc, entry);
      },
      withdraw: () => this.silence(rpc),
      read: async (other) => this.#board.get(other),
    };
  }

  silence(rpc: string): void {
    this.#board.delete(rpc);
  }

  #slot(): { readonly chainId: bigint; readonly era: number; readonly epoch: number } {
    const { chainId, era, epoch } = this.handover;
    return { chainId, era, epoch };
  }

  #accept(id: number, key: Uint8Array): SendResult {
    const seat = this.handover.nodeIds.indexOf(id);
    if (this.handover.phase !== "accepting" || seat < 0) return reverted("WrongPhase");
    this.tell({ name: "NewSeatAccepted", ...this.#slot(), seat, key: toHex(key) });
    if (this.handover.keys.size === this.handover.nodeIds.length) this.#open();
    return mined();
  }

  #deal(id: number, dealing: Uint8Array): SendResult {
    const dealer = this.handover.oldNodeIds.indexOf(id);
    if (this.handover.phase !== "dealing" || dealer < 0) return reverted("WrongPhase");
    this.tell({ name: "ShareDealt", ...this.#slot(), dealer, dealing: toHex(dealing) });
    if (this.handover.dealings.size === this.handover.oldNodeIds.length) this.#close();
    return mined();
  }

  #advance(): SendResult {
    const { phase, until, keys, nodeIds } = this.handover;
    if (this.time < until) return reverted("NotYet");
    if (phase === "accepting" && keys.size >= quorum(nodeIds.length)) this.#open();
    else if (phase === "dealing" && qualified(this.handover) !== undefined) this.#close();
    else return reverted("TooFewSigners");
    return mined();
  }

  #complain(id: number, posted: PostedDealing, complaint: ResharingComplaint): SendResult {
    const { phase, until, nodeIds, group, era, epoch, previous } = this.handover;
    const open = phase === "dealing" || (phase === "complaints" && this.time < until);
    const before = previous?.keys();
    if (!open || before === undefined || (unconvicted(this.handover) >> BigInt(posted.dealer)) % 2n === 0n) {
      return reverted("UnknownDealing");
    }
    const seat = nodeIds.indexOf(id);
    const accuser = { seat, key: newEncryptionKeys(this.handover)[seat] ?? new Uint8Array(0) };
    const context = { group: fromHex(group) ?? new Uint8Array(32), era, epoch };
    const guilty =
      complaint.kind === "constant"
        ? breaksConstant(before, posted, nodeIds.length)
        : convicts(context, posted, nodeIds.length, accuser, complaint);
    if (!guilty) return reverted("NotGuilty");
    const nodeId = this.handover.oldNodeIds[posted.dealer] ?? 0;
    this.tell({ name: "ShareDealerConvicted", ...this.#slot(), dealer: posted.dealer, nodeId });
    if (qualified(this.handover) === undefined && this.handover.phase === "complaints") {
      const dealers = unconvicted(this.handover);
      this.tell({ name: "ResharingReopened", ...this.#slot(), dealers, until: this.time + WINDOW });
    }
    return mined();
  }

  #ready(signers: bigint, hash: Uint8Array): SendResult {
    const { phase, until, nodeIds, previous } = this.handover;
    const chosen = qualified(this.handover);
    const before = previous?.keys();
    if (phase !== "complaints" || chosen === undefined || before === undefined) return reverted("WrongPhase");
    const all = seatBitmap(nodeIds.keys());
    if (signers !== all && this.time < until) return reverted("NotYet");
    const keys = combineResharing(before, postedBy(this.handover, chosen), nodeIds.length);
    if (keys === undefined || !equal(hash, keysHash(keys.shareKeys))) return reverted("BadSignature");
    const hashes = { keysHash: toHex(hash), committee: ZERO };
    this.tell({ name: "KeyReshared", ...this.#slot(), groupKey: toHex(keys.groupKey), ...hashes, qualified: chosen });
    return mined();
  }

  #open(): void {
    const accepted = seatBitmap(this.handover.keys.keys());
    this.tell({ name: "ResharingOpened", ...this.#slot(), accepted, until: this.time + WINDOW });
  }

  #close(): void {
    const dealers = unconvicted(this.handover);
    this.tell({ name: "ResharingClosed", ...this.#slot(), dealers, complaintsUntil: this.time + WINDOW });
  }
}

function mined(): SendResult {
  return { kind: "mined", hash: ZERO, block: 1n };
}

function reverted(reason: string): SendResult {
  return { kind: "reverted", reason };
}
