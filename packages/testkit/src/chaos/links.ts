import { connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../agreement/random.ts";
import { DelayedPipe, type LinkRule, OPEN_LINK } from "./delayed-pipe.ts";

/** Where a node is registered, where it listens, both on loopback. */
export type Door = { readonly registered: number; readonly listens: number };

/** Which node dialled: by the two ports of its connection; undefined for a process that is none, or gone. */
export type Dialler = (from: number, to: number) => number | undefined;

type Connection = { readonly a: number; readonly b: number; readonly sockets: readonly Socket[]; flush(): void };

/**
 * The wires between nodes: every connection from one node to another's registered endpoint passes through here, with a
 * rule for each pair. What it cannot do is drop single packets, since it stands above TCP: loss is the wait that a
 * repeated segment costs.
 */
export class Links {
  readonly #doors: readonly Door[];
  readonly #dialler: Dialler;
  readonly #random: Random;
  readonly #rules = new Map<string, LinkRule>();
  readonly #connections = new Set<Connection>();
  readonly #servers: Server[] = [];

  private constructor(doors: readonly Door[], dialler: Dialler, random: Random) {
    this.#doors = doors;
    this.#dialler = dialler;
    this.#random = random;
  }

  /** Listens at every registered endpoint. */
  static async open(doors: readonly Door[], dialler: Dialler, random: Random): Promise<Links> {
    const links = new Links(doors, dialler, random);
    for (const [node, { registered }] of doors.entries()) {
      const server = createServer({ noDelay: true }, (socket) => links.#accept(node, socket));
      links.#servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(registered, "127.0.0.1", resolve);
      });
    }
    return links;
  }

  /** The rule of a pair from now on, both ways. */
  set(a: number, b: number, rule: LinkRule): void {
    this.#rules.set(pair(a, b), rule);
    for (const connection of this.#connections) {
      if (pair(connection.a, connection.b) === pair(a, b)) connection.flush();
    }
  }

  /** All pairs open again. */
  open(): void {
    this.#rules.clear();
    for (const connection of this.#connections) connection.flush();
  }

  /** Ends the pair's connections by RST. */
  reset(a: number, b: number): void {
    for (const connection of this.#connections) {
      if (pair(connection.a, connection.b) !== pair(a, b)) continue;
      for (const socket of connection.sockets) socket.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    for (const { sockets } of this.#connections) for (const socket of sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #rule(a: number, b: number): LinkRule {
    return this.#rules.get(pair(a, b)) ?? OPEN_LINK;
  }

  #accept(node: number, socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const door = this.#doors[node];
    const from = this.#dialler(socket.remotePort ?? 0, door?.registered ?? 0);
    if (from === undefined || door === undefined) {
      socket.destroy();
      return;
    }
    const rule = () => this.#rule(from, node);
    const out = new DelayedPipe(socket, rule, this.#random);
    const sockets = [socket];
    const connection = { a: from, b: node, sockets, flush: () => join() };
    // Behind a cut there is nobody to connect to: only when it is open again, and the dialler still waits.
    const join = (): void => {
      if (rule().cut || socket.destroyed) return;
      const target = connect({ host: "127.0.0.1", port: door.listens, noDelay: true });
      target.on("error", () => target.destroy());
      target.once("close", () => this.#forget(connection));
      sockets.push(target);
      const back = new DelayedPipe(target, rule, this.#random);
      connection.flush = () => {
        out.flush();
        back.flush();
      };
      out.attach(target);
      back.attach(socket);
    };
    socket.once("close", () => this.#forget(connection));
    this.#connections.add(connection);
    join();
  }

  #forget(connection: Connection): void {
    if (connection.sockets.every(({ destroyed }) => destroyed)) this.#connections.delete(connection);
  }
}

function pair(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
