import type { Server, TLSSocket } from "node:tls";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { Logger } from "pino";
import { listen } from "../../mesh/listen.ts";
import { PendingSockets } from "../../mesh/pending-sockets.ts";
import { peerKeyHash, tlsServer } from "../../mesh/tls.ts";
import type { FileVault } from "../file-vault.ts";
import { SeatKeeper } from "./seat-keeper.ts";
import { answersOf } from "./vault-calls.ts";
import { type ConnectionParts, VaultConnection } from "./vault-connection.ts";

export const VAULT_PROTOCOL = "tributary-vault/1";
/** A node has one, and for a moment two. */
const MAX_CONNECTIONS = 8;

export type VaultServerOptions = {
  /** Its identity is the server's. */
  readonly vault: FileVault;
  /** Folder of the record of what was signed. */
  readonly record: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Key hashes of the nodes that may ask, as of now: asked at each connection. */
  readonly clients: () => Promise<readonly HexHash[]>;
  readonly logger: Logger;
  /** The disk refused: nothing is signed any more, and the process should end. */
  readonly failed: (error: Error) => void;
};

/** Keys of one node behind mutual TLS 1.3: both ends know the other by the hash of its key. */
export class VaultServer {
  readonly #options: VaultServerOptions;
  readonly #server: Server;
  readonly #pending = new PendingSockets();
  readonly #connections = new Set<VaultConnection>();
  readonly #keeper: SeatKeeper;
  readonly #parts: ConnectionParts;
  #port = 0;

  /** Listens; `port-taken` where that is impossible. */
  static async start(options: VaultServerOptions): Promise<VaultServer> {
    const server = new VaultServer(options);
    try {
      server.#port = await listen(server.#server, "vault", options.host, options.port);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private constructor(options: VaultServerOptions) {
    const { vault, record, logger, failed } = options;
    this.#options = options;
    this.#keeper = new SeatKeeper(vault, record, failed);
    this.#parts = { answers: answersOf(vault, this.#keeper), keeper: this.#keeper, logger };
    this.#server = tlsServer(vault.identity, VAULT_PROTOCOL);
    this.#server.on("connection", (socket) => {
      if (!this.#pending.add(socket)) socket.destroy();
    });
    this.#server.on("tlsClientError", () => undefined);
    this.#server.on("secureConnection", (socket) => {
      this.#accept(socket).catch((error: unknown) => {
        logger.error({ err: error }, "the list of clients cannot be read");
        socket.destroy();
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Idempotent. What was asked and not answered is not answered any more. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    this.#pending.closeAll();
    await new Promise<void>((done) => {
      if (this.#server.listening) this.#server.close(() => done());
      else done();
    });
    await this.#keeper.close();
  }

  async #accept(socket: TLSSocket): Promise<void> {
    const { clients, logger } = this.#options;
    socket.on("error", () => socket.destroy());
    const keyHash = peerKeyHash(socket);
    const known = await clients();
    if (keyHash === undefined || !known.includes(keyHash)) {
      logger.warn({ keyHash, from: socket.remoteAddress }, "a client that is not on the list was refused");
      socket.destroy();
      return;
    }
    if (socket.destroyed) return;
    this.#pending.settled(socket.remotePort, socket.remoteAddress);
    const [oldest] = this.#connections;
    if (this.#connections.size >= MAX_CONNECTIONS) oldest?.close();
    const connection = new VaultConnection(socket, this.#parts);
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
    logger.info({ keyHash, from: socket.remoteAddress }, "a node is connected");
  }
}
