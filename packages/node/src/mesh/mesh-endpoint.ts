import type { Server, TLSSocket } from "node:tls";
import type { HexHash, Seat } from "@tributary/protocol/consensus/types";
import type { MemberRecord } from "@tributary/protocol/ports/member-host";
import type { Channel, Mesh } from "../consensus/ports.ts";
import { BanList } from "./ban-list.ts";
import { Link } from "./link.ts";
import { listen } from "./listen.ts";
import { emptyMeshStats, type MeshStats, type Refusal } from "./mesh-stats.ts";
import { PendingSockets } from "./pending-sockets.ts";
import type { ChannelBytes } from "./send-queue.ts";
import { peerKeyHash, tlsConnect, tlsServer } from "./tls.ts";
import type { TransportIdentity } from "./transport-identity.ts";

/** Milliseconds between attempts to reach a peer: doubles from the first to the longest, each time up to half more. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;
const TICK_MS = 2_000;

export type MeshOptions = {
  readonly nodeId: number;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly identity: TransportIdentity;
  /** Connections turned away or cut: reason and, where known, the node. */
  readonly refused?: (reason: Refusal, nodeId: number | undefined) => void;
};

/** One chain's view of the mesh. Callbacks must not throw. */
export type MeshGroup = {
  readonly group: HexHash;
  readonly members: readonly MemberRecord[];
  /** Largest message per channel: a larger one from a peer cuts its connection. */
  readonly limits: ChannelBytes;
  /** Bytes that may wait for one peer, per channel. */
  readonly capacity: ChannelBytes;
  receive(from: Seat, channel: Channel, message: Uint8Array): void;
  /** A connection on which both serve the group exists from now on; also after each reconnection. */
  peerUp(seat: Seat): void;
  peerDown(seat: Seat): void;
};

/** The Mesh port of one group; `leave` ends it. */
export interface GroupMesh extends Mesh {
  leave(): void;
}

type Membership = { readonly group: MeshGroup; readonly seats: ReadonlyMap<number, Seat>; readonly up: Set<number> };

type Peer = {
  readonly nodeId: number;
  keyHash: HexHash;
  endpoint: string;
  readonly groups: Set<HexHash>;
  link: Link | undefined;
  attempts: number;
  /** Cancels the pending attempt or the pause before it. */
  cancel: (() => void) | undefined;
};

/**
 * A node's end of all its links. Two nodes with a common chain keep one connection, dialled by the lower node id; both
 * sides check that the other's TLS key is the registered one.
 */
export class MeshEndpoint {
  readonly #options: MeshOptions;
  readonly #server: Server;
  readonly #peers = new Map<number, Peer>();
  readonly #memberships = new Map<HexHash, Membership>();
  readonly #pending = new PendingSockets();
  readonly #bans = new BanList();
  readonly #sockets = new Set<TLSSocket>();
  readonly #ticker: NodeJS.Timeout;
  #port = 0;
  #stopped = false;
  readonly stats: MeshStats = emptyMeshStats();

  /** Listens; `port-taken` where that is impossible. */
  static async start(options: MeshOptions): Promise<MeshEndpoint> {
    const endpoint = new MeshEndpoint(options);
    try {
      endpoint.#port = await listen(endpoint.#server, "peer", options.host, options.port);
    } catch (error) {
      await endpoint.stop();
      throw error;
    }
    return endpoint;
  }

  private constructor(options: MeshOptions) {
    this.#options = options;
    this.#server = tlsServer(options.identity);
    this.#server.on("connection", (socket) => {
      if (this.#pending.add(socket)) return;
      this.#refuse("overload", undefined);
      socket.destroy();
    });
    this.#server.on("tlsClientError", () => this.#refuse("handshake", undefined));
    this.#server.on("secureConnection", (socket) => this.#accept(socket));
    this.#ticker = setInterval(() => {
      for (const peer of this.#peers.values()) peer.link?.tick();
    }, TICK_MS);
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Serves a group from now on. A newer membership takes the place of an older one of the same group: links to nodes that
   * are in both stay, and each is told as up again.
   */
  join(group: MeshGroup): GroupMesh {
    const before = this.#memberships.get(group.group);
    const seats = new Map<number, Seat>();
    for (const member of group.members)
      if (member.nodeId !== this.#options.nodeId) seats.set(member.nodeId, member.seat);
    const membership: Membership = { group, seats, up: new Set() };
    this.#memberships.set(group.group, membership);
    for (const member of group.members) if (seats.has(member.nodeId)) this.#expect(member, group);
    for (const nodeId of before?.seats.keys() ?? []) if (!seats.has(nodeId)) this.#part(nodeId, group.group);
    const nodes = new Map(group.members.map((member) => [member.seat, member.nodeId]));
    return {
      send: (to, channel, message) => {
        const peer = this.#peers.get(nodes.get(to) ?? -1);
        if (this.#memberships.get(group.group) === membership) peer?.link?.send(group.group, channel, message);
      },
      distance: (to) => this.#peers.get(nodes.get(to) ?? -1)?.link?.distance ?? 0,
      leave: () => this.#leave(membership),
    };
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#ticker);
    for (const peer of this.#peers.values()) {
      peer.cancel?.();
      peer.link?.close();
    }
    for (const socket of this.#sockets) socket.destroy();
    this.#pending.closeAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #leave(membership: Membership): void {
    const { group } = membership;
    if (this.#memberships.get(group.group) !== membership) return;
    this.#memberships.delete(group.group);
    for (const nodeId of membership.seats.keys()) this.#part(nodeId, group.group);
  }

  #part(nodeId: number, group: HexHash): void {
    const peer = this.#peers.get(nodeId);
    peer?.link?.leave(group);
    peer?.groups.delete(group);
    if (peer === undefined || peer.groups.size > 0) return;
    this.#peers.delete(nodeId);
    peer.cancel?.();
    peer.link?.close();
  }

  /** The member's node is one that we talk to; its newest registration counts. */
  #expect(member: MemberRecord, group: MeshGroup): void {
    let peer = this.#peers.get(member.nodeId);
    if (peer === undefined) {
      peer = {
        nodeId: member.nodeId,
        keyHash: member.transportKey,
        endpoint: member.endpoint,
        groups: new Set(),
        link: undefined,
        attempts: 0,
        cancel: undefined,
      };
      this.#peers.set(member.nodeId, peer);
    }
    peer.groups.add(group.group);
    peer.endpoint = member.endpoint;
    if (peer.keyHash !== member.transportKey) {
      peer.keyHash = member.transportKey;
      peer.link?.close();
    }
    peer.link?.join(group.group, group.capacity);
    if (peer.link?.serves(group.group)) this.#up(peer, group.group);
    else if (peer.link === undefined && peer.cancel === undefined) this.#dial(peer, 0);
  }

  #dial(peer: Peer, pause: number): void {
    if (this.#stopped || peer.nodeId < this.#options.nodeId || this.#peers.get(peer.nodeId) !== peer) return;
    const timer = setTimeout(() => {
      const address = parseEndpoint(peer.endpoint);
      if (address === undefined) return this.#retry(peer);
      peer.cancel = tlsConnect(this.#options.identity, address.host, address.port, (socket) => {
        peer.cancel = undefined;
        if (socket === undefined) return this.#retry(peer);
        const key = peerKeyHash(socket);
        if (!this.#stopped && this.#peers.get(peer.nodeId) === peer && key === peer.keyHash)
          return this.#attach(peer, socket);
        socket.destroy();
        if (key !== peer.keyHash) this.#refuse("wrong-key", peer.nodeId);
        this.#retry(peer);
      });
    }, pause);
    peer.cancel = () => clearTimeout(timer);
  }

  #retry(peer: Peer): void {
    if (peer.link !== undefined) return;
    const pause = Math.min(FIRST_RETRY_MS * 2 ** peer.attempts, LONGEST_RETRY_MS) * (1 + Math.random() / 2);
    peer.attempts = Math.min(peer.attempts + 1, 16);
    this.#dial(peer, Math.max(pause, this.#bans.remaining(peer.nodeId, performance.now())));
  }

  #accept(socket: TLSSocket): void {
    this.#pending.settled(socket.remotePort, socket.remoteAddress);
    // Stays: an error without a listener would end the process.
    socket.on("error", () => socket.destroy());
    const key = peerKeyHash(socket);
    const peer = [...this.#peers.values()].find(({ keyHash }) => keyHash === key);
    const refusal = this.#refusal(peer);
    if (peer === undefined || refusal !== undefined) {
      this.#refuse(refusal ?? "unregistered", peer?.nodeId);
      socket.destroy();
    } else this.#attach(peer, socket);
  }

  #refusal(peer: Peer | undefined): Refusal | undefined {
    if (peer === undefined || this.#stopped) return "unregistered";
    if (peer.nodeId > this.#options.nodeId) return "protocol";
    return this.#bans.remaining(peer.nodeId, performance.now()) > 0 ? "banned" : undefined;
  }

  /** A newer connection replaces the older one: the peer has opened it because the older one was dead to it. */
  #attach(peer: Peer, socket: TLSSocket): void {
    peer.link?.close();
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const link: Link = new Link(
      socket,
      {
        limits: (group) => (peer.groups.has(group) ? this.#memberships.get(group)?.group.limits : undefined),
        joined: (group) => this.#up(peer, group),
        left: (group) => this.#down(peer, group),
        message: (group, channel, bytes) => {
          const membership = this.#memberships.get(group);
          const seat = membership?.seats.get(peer.nodeId);
          if (membership !== undefined && seat !== undefined) membership.group.receive(seat, channel, bytes);
        },
        closed: (violation) => {
          this.stats.links--;
          if (peer.link === link) peer.link = undefined;
          for (const group of peer.groups) this.#down(peer, group);
          if (violation !== undefined) {
            this.#bans.ban(peer.nodeId, performance.now());
            this.#refuse("protocol", peer.nodeId);
          }
          this.#retry(peer);
        },
      },
      this.stats,
    );
    this.stats.links++;
    peer.link = link;
    peer.attempts = 0;
    for (const group of peer.groups) {
      const capacity = this.#memberships.get(group)?.group.capacity;
      if (capacity !== undefined) link.join(group, capacity);
    }
  }

  /** Told on a turn of its own, so that `join` has returned before. */
  #up(peer: Peer, group: HexHash): void {
    setImmediate(() => {
      const membership = this.#memberships.get(group);
      const seat = membership?.seats.get(peer.nodeId);
      if (membership === undefined || seat === undefined || membership.up.has(peer.nodeId)) return;
      if (this.#peers.get(peer.nodeId) !== peer || !peer.link?.serves(group)) return;
      membership.up.add(peer.nodeId);
      membership.group.peerUp(seat);
    });
  }

  #down(peer: Peer, group: HexHash): void {
    const membership = this.#memberships.get(group);
    const seat = membership?.seats.get(peer.nodeId);
    if (membership === undefined || seat === undefined || !membership.up.delete(peer.nodeId)) return;
    membership.group.peerDown(seat);
  }

  #refuse(reason: Refusal, nodeId: number | undefined): void {
    this.stats.refused[reason]++;
    this.#options.refused?.(reason, nodeId);
  }
}

/** host:port or [v6]:port. */
export function parseEndpoint(endpoint: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(endpoint);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
