import type { TLSSocket } from "node:tls";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { NodeError, type NodeErrorCode } from "../../fault/node-error.ts";
import { peerKeyHash, tlsConnect } from "../../mesh/tls.ts";
import type { TransportIdentity } from "../../mesh/transport-identity.ts";
import { type CallName, type Calls, decodeFailure, decodeValue, encodeJson } from "./calls.ts";
import { encodeVaultFrame, FRAME, type VaultFrame, VaultFrameReader } from "./frames.ts";
import { VAULT_PROTOCOL } from "./vault-server.ts";

/** Milliseconds between attempts to reach the vault: doubles from the first to the longest. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;
/** Milliseconds between signs of life asked for, and without an answer after which the vault is taken for dead. */
const PING_MS = 2_000;
const DEAD_MS = 8_000;
/** Milliseconds for a call: opening all dealings of a large committee takes seconds. */
const CALL_MS = 120_000;

export type VaultAddress = {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the SubjectPublicKeyInfo of the vault's TLS key. */
  readonly keyHash: HexHash;
};

export type LinkEvents = {
  /** Why there is no connection; said once until there is one again. */
  down(reason: string): void;
  up(): void;
};

type Waiting = (answer: VaultFrame | NodeError) => void;

/** The node's end: one connection, made again whenever it is lost. What was asked then fails with `vault-away`. */
export class VaultLink {
  readonly #identity: TransportIdentity;
  readonly #address: VaultAddress;
  readonly #events: LinkEvents;
  readonly #waiting = new Map<number, Waiting>();
  readonly #pinger: NodeJS.Timeout;
  #socket: TLSSocket | undefined;
  #cancel: () => void = () => undefined;
  #attempts = 0;
  #nextId = 0;
  #heard = 0;
  #corked = false;
  #told = false;
  #closed = false;

  constructor(identity: TransportIdentity, address: VaultAddress, events: LinkEvents) {
    this.#identity = identity;
    this.#address = address;
    this.#events = events;
    this.#pinger = setInterval(() => this.#ping(), PING_MS);
  }

  /** Once. Events may come at once. */
  start(): void {
    this.#dial();
  }

  /** `vault-away` without a connection, `vault-protocol`, or the vault's own error. */
  call<K extends CallName>(call: K, takes: Calls[K]["takes"]): Promise<Calls[K]["gives"]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lost("a call was not answered"), CALL_MS);
      this.#request(FRAME.call, encodeJson({ call, takes }), (answer) => {
        clearTimeout(timer);
        if (answer instanceof NodeError) return reject(answer);
        const value = answer.kind === FRAME.value ? decodeValue(call, answer.payload) : undefined;
        if (value === undefined) reject(this.#refusal(answer));
        else resolve(value);
      });
    });
  }

  /** The answer to a statement, or why there is none. */
  statement(payload: Uint8Array, done: (signed: Uint8Array | NodeError) => void): void {
    this.#request(FRAME.statement, payload, (answer) => {
      if (answer instanceof NodeError) done(answer);
      else done(answer.kind === FRAME.signed ? answer.payload : this.#refusal(answer));
    });
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#pinger);
    this.#cancel();
    this.#lost("closed");
  }

  #request(kind: number, payload: Uint8Array, done: Waiting): void {
    const socket = this.#socket;
    if (socket === undefined) {
      done(new NodeError("vault-away", "there is no connection to the vault"));
      return;
    }
    const id = this.#nextId;
    this.#nextId = (id + 1) >>> 0;
    this.#waiting.set(id, done);
    // Requests of one turn of the event loop go out in one write.
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      setImmediate(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(encodeVaultFrame({ id, kind, payload }));
  }

  #refusal({ kind, payload }: VaultFrame): NodeError {
    const failure = kind === FRAME.error ? decodeFailure(payload) : undefined;
    if (failure === undefined) {
      this.#lost("the vault's answer is not of its protocol");
      return new NodeError("vault-protocol", "the vault's answer is not of its protocol");
    }
    const code = failure.code.startsWith("vault-") ? (failure.code as NodeErrorCode) : "vault-failed";
    return new NodeError(code, `vault: ${failure.message}`);
  }

  #dial(): void {
    if (this.#closed) return;
    const { host, port, keyHash } = this.#address;
    this.#cancel = tlsConnect(
      this.#identity,
      host,
      port,
      (socket) => {
        if (this.#closed) socket?.destroy();
        else if (socket === undefined) this.#retry(`nothing answers at ${host}:${port}`);
        else if (peerKeyHash(socket) === keyHash) this.#attach(socket);
        else {
          socket.destroy();
          this.#retry(`what answers at ${host}:${port} has another key than the vault`);
        }
      },
      VAULT_PROTOCOL,
    );
  }

  #retry(reason: string): void {
    if (this.#closed) return;
    if (!this.#told) this.#events.down(reason);
    this.#told = true;
    const pause = Math.min(FIRST_RETRY_MS * 2 ** this.#attempts, LONGEST_RETRY_MS);
    this.#attempts = Math.min(this.#attempts + 1, 16);
    const timer = setTimeout(() => this.#dial(), pause);
    this.#cancel = () => clearTimeout(timer);
  }

  /** A vault that does not take this node's key says so by closing: only an answer counts as being connected. */
  #attach(socket: TLSSocket): void {
    const reader = new VaultFrameReader();
    this.#heard = performance.now();
    this.#socket = socket;
    this.#corked = false;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      if (this.#socket !== socket) return;
      this.#heard = performance.now();
      if (!reader.push(chunk, (frame) => this.#take(frame))) this.#lost("the vault sent a frame that is too long");
    });
    for (const event of ["end", "close"]) {
      socket.on(event, () => this.#socket === socket && this.#lost("the vault closed the connection"));
    }
    this.call("ping", {}).then(
      () => {
        if (this.#socket !== socket) return;
        this.#attempts = 0;
        this.#told = false;
        this.#events.up();
      },
      () => undefined,
    );
  }

  #take(frame: VaultFrame): boolean {
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    // An answer to nothing: the vault and this node do not speak of the same.
    if (waiting === undefined) return false;
    waiting(frame);
    return true;
  }

  #lost(reason: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.destroy();
    const away = new NodeError("vault-away", `the vault is away: ${reason}`);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const done of waiting) done(away);
    this.#retry(reason);
  }

  #ping(): void {
    if (this.#socket === undefined) return;
    if (performance.now() - this.#heard > DEAD_MS) this.#lost("no sign of life");
    else this.call("ping", {}).catch(() => undefined);
  }
}
