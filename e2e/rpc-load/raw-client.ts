import { connect, type Socket } from "node:net";

/** A TCP client of a node that speaks HTTP by hand, and does what no library would. */
export class RawClient {
  /** All that the node said. */
  heard = "";
  readonly closed: Promise<void>;
  readonly #socket: Socket;

  constructor(url: string, localAddress: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), localAddress });
    this.#socket.on("data", (part) => {
      if (this.heard.length < 65_536) this.heard += part.toString("latin1");
    });
    // A reset is one of the ends that are expected.
    this.#socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
  }

  /** Of the first answer; undefined while there is none. */
  get status(): number | undefined {
    const digits = /^HTTP\/1\.1 (\d{3})/.exec(this.heard)?.[1];
    return digits === undefined ? undefined : Number(digits);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Resolves once there is room for more, or the connection is closed. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.#socket.destroyed || this.#socket.write(bytes)) return;
    const drained = new Promise<void>((resolve) => this.#socket.once("drain", () => resolve()));
    await Promise.race([drained, this.closed]);
  }

  /** Reads nothing from now on. */
  stopReading(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Head of a POST of a JSON body; without a length it is chunked. */
export function headOf(url: string, length: number | undefined): string {
  const { host, pathname } = new URL(url);
  const body = length === undefined ? "transfer-encoding: chunked" : `content-length: ${length}`;
  return `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n${body}\r\n\r\n`;
}
