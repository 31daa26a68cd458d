import type { Socket } from "node:net";

/** Connections that may be in their handshake at a time, in all and from one address. */
const MAX_PENDING = 128;
const MAX_PENDING_PER_ADDRESS = 32;

/** Counts connections that have not proved a registered key yet, and says when there are too many. */
export class PendingSockets {
  readonly #sockets = new Map<Socket, string>();

  /** False where there are too many already. */
  add(socket: Socket): boolean {
    const address = socket.remoteAddress ?? "";
    let same = 0;
    for (const other of this.#sockets.values()) if (other === address) same++;
    if (this.#sockets.size >= MAX_PENDING || same >= MAX_PENDING_PER_ADDRESS) return false;
    this.#sockets.set(socket, address);
    socket.once("close", () => this.#sockets.delete(socket));
    return true;
  }

  /** The connection of this address and port is authenticated. */
  settled(port: number | undefined, address: string | undefined): void {
    for (const socket of this.#sockets.keys()) {
      if (socket.remotePort === port && socket.remoteAddress === address) this.#sockets.delete(socket);
    }
  }

  closeAll(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#sockets.clear();
  }
}
