import type { Height, Seat } from "@tributary/protocol/consensus/types";
import type { EraBeginning } from "@tributary/protocol/ports/recovery-host";
import { oneHonest, quorum } from "@tributary/protocol/quorum";
import type { Limits, MessageKind, SlotName } from "@tributary/protocol/wire/index";
import type { DriverEvent, DropReason, Observer } from "./driver-event.ts";
import type { MemberConfig } from "./member-config.ts";
import type {
  BodyRules,
  Channel,
  Clock,
  ContainerStore,
  Executor,
  InputLog,
  MainchainView,
  Mesh,
  Signer,
  SlotJournal,
  TransactionPool,
  Verifier,
} from "./ports.ts";
import type { TermName } from "./term-name.ts";

export type DriverPorts = {
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly log: InputLog;
  readonly journal: SlotJournal;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly executor: Executor;
  readonly bodies: BodyRules;
  readonly pool: TransactionPool;
  readonly mainchain: MainchainView;
  readonly store: ContainerStore;
  readonly observer: Observer;
  /** Combined signatures under the key of an era before this one; undefined where there was none. */
  readonly before?: (era: number) => Pick<Verifier, "certificate"> | undefined;
  /** How the era ended, once the mainchain said so, and the epoch that takes over. */
  readonly ending?: () => EraEnding | undefined;
  /** Where the next era begins by schedule, once that was shown to the mainchain. */
  readonly shown?: () => EraBorder | undefined;
};

export type EraEnding = EraBeginning & { readonly next: TermName };

/** S, and the first epoch of the era that begins there. */
export type EraBorder = { readonly first: Height; readonly next: TermName };

/** What the rooms of one driver share: who it is, its ports, its peers, and how far it is. */
export class MemberContext {
  readonly config: MemberConfig;
  readonly ports: DriverPorts;
  readonly limits: Limits;
  readonly quorum: number;
  readonly oneHonest: number;
  /** This node has no seat in the committee: it follows. */
  readonly observer: boolean;
  /** Members with a live link. */
  readonly up: Set<Seat> = new Set();
  /** Others with a live link: nodes of other epochs' committees, which follow, lag or have gone ahead. */
  readonly guests: Set<Seat> = new Set();
  /** c: highest height whose ORDER is held. */
  ordered = 0;
  /** Highest height whose container is here with an F that counts in this era. */
  committed = 0;
  /** Highest height whose F is known. */
  final = 0;
  stopped = false;
  /** A snapshot of a later height is on its way: executing what comes before it would be for nothing. */
  joining = false;

  constructor(config: MemberConfig, ports: DriverPorts) {
    this.config = config;
    this.ports = ports;
    this.limits = { members: config.members, containerBytes: config.containerBytes };
    this.quorum = quorum(config.members);
    this.oneHonest = oneHonest(config.members);
    this.observer = config.seat >= config.members;
  }

  /** This member, where it has a seat, and those with a live link. */
  get linked(): number {
    return this.up.size + (this.observer ? 0 : 1);
  }

  isGuest(seat: Seat): boolean {
    return seat >= this.config.members;
  }

  reaches(seat: Seat): boolean {
    return this.up.has(seat) || this.guests.has(seat);
  }

  slot(height: Height): SlotName {
    const { group, era, epoch } = this.config;
    return { group, era, epoch, height };
  }

  /** The slot of a message is one of this group, era and epoch. */
  ours(name: SlotName): boolean {
    const { group, era, epoch } = this.config;
    return name.epoch === epoch && name.era === era && name.group === group;
  }

  send(to: Seat, channel: Channel, kind: MessageKind, message: Uint8Array): void {
    if (this.stopped || !this.reaches(to)) return;
    this.ports.mesh.send(to, channel, message);
    this.report({ kind: "sent", message: kind, bytes: message.length, peers: 1 });
  }

  broadcast(channel: Channel, kind: MessageKind, message: Uint8Array): void {
    if (this.stopped) return;
    for (const peer of this.up) this.ports.mesh.send(peer, channel, message);
    this.report({ kind: "sent", message: kind, bytes: message.length, peers: this.up.size });
  }

  drop(from: Seat, message: MessageKind | "unknown", reason: DropReason): void {
    this.report({ kind: "dropped", from, message, reason });
  }

  report(event: DriverEvent): void {
    this.ports.observer.event(event);
  }
}
