import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import { decodeCall, encodeJson } from "./calls.ts";
import { encodeVaultFrame, FRAME, type VaultFrame, VaultFrameReader } from "./frames.ts";
import type { SeatKeeper } from "./seat-keeper.ts";
import { decodeStatement, encodeSigned } from "./statement-codec.ts";
import { answer, type answersOf, failureOf } from "./vault-calls.ts";

/** Calls that may wait for one another, and requests that wait for the disk. */
const MAX_CALLS = 64;
const MAX_STATEMENTS = 8_192;
/** Bytes of answers that the node has not read. */
const MAX_UNREAD_BYTES: number = 8 * 1024 * 1024;
/** Milliseconds without a word; a node that is there says something every few seconds. */
const IDLE_MS = 30_000;

export type ConnectionParts = {
  readonly answers: ReturnType<typeof answersOf>;
  readonly keeper: SeatKeeper;
  readonly logger: Pick<Logger, "warn" | "error">;
};

/** One node's connection: statements are signed as they come, calls follow one another. */
export class VaultConnection {
  readonly #socket: TLSSocket;
  readonly #parts: ConnectionParts;
  readonly #reader = new VaultFrameReader();
  #last: Promise<void> = Promise.resolve();
  #calls = 0;
  #statements = 0;
  #corked = false;
  #closed = false;

  constructor(socket: TLSSocket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    socket.setNoDelay(true);
    socket.setTimeout(IDLE_MS, () => this.close());
    socket.on("data", (chunk: Buffer) => {
      if (this.#closed || this.#reader.push(chunk, (frame) => this.#take(frame))) return;
      parts.logger.warn("a node sent what is not of the vault's protocol, and was cut off");
      this.close();
    });
    for (const event of ["error", "end", "close"]) socket.on(event, () => this.close());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.keeper.release(this);
    this.#socket.destroy();
  }

  #take({ id, kind, payload }: VaultFrame): boolean {
    if (this.#closed) return false;
    if (kind === FRAME.statement) return this.#sign(id, payload);
    const called = kind === FRAME.call ? decodeCall(payload) : undefined;
    if (called === undefined || this.#calls >= MAX_CALLS) return false;
    this.#calls += 1;
    this.#last = this.#last.then(async () => {
      this.#calls -= 1;
      if (this.#closed) return;
      try {
        const value = await answer(this.#parts.answers, called.call, called.takes, this);
        this.#write(id, FRAME.value, encodeJson(value));
      } catch (error) {
        this.#fail(id, error);
      }
    });
    return true;
  }

  #sign(id: number, payload: Uint8Array): boolean {
    const decoded = decodeStatement(payload);
    if (decoded === undefined || this.#statements >= MAX_STATEMENTS) return false;
    this.#statements += 1;
    try {
      this.#parts.keeper.sign(decoded.seat, decoded.statement, this, (signed) => {
        this.#statements -= 1;
        this.#write(id, FRAME.signed, encodeSigned(signed));
      });
    } catch (error) {
      this.#statements -= 1;
      this.#fail(id, error);
    }
    return true;
  }

  #fail(id: number, error: unknown): void {
    const failure = failureOf(error);
    if (failure.code === "internal") this.#parts.logger.error({ err: error }, "a request failed");
    else this.#parts.logger.warn(failure, "a request was refused");
    this.#write(id, FRAME.error, encodeJson(failure));
  }

  /** Answers of one turn of the event loop go out in one write. */
  #write(id: number, kind: number, payload: Uint8Array): void {
    if (this.#closed) return;
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) {
      this.close();
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(encodeVaultFrame({ id, kind, payload }));
  }
}
