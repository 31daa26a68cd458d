import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { Server as TlsServer } from "node:tls";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { readBody, SMALL_BODY_BYTES } from "./body-reader.ts";
import { ClientSocket } from "./client-socket.ts";
import { type AllowedOrigins, allowsOrigin, corsHeaders } from "./cors.ts";
import { full, problem, refuse } from "./door-refusal.ts";
import { drained } from "./drained.ts";
import { HeldBytes, type Holding } from "./held-bytes.ts";
import { MAX_REQUEST_BYTES, PING_MS, type ServerLimits } from "./limits.ts";
import { ListenError } from "./listen-error.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";
import { Tally } from "./tally.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** What is written back to an HTTP request. */
export type HttpAnswer = {
  readonly status: number;
  /** Seconds, as the header says them. */
  readonly retryAfter: string | undefined;
  /** undefined or empty: nothing to answer (notifications). */
  readonly body: string | Buffer | undefined;
};

/** Who answers for one chain behind the door. */
export interface ChainEndpoint {
  /** `gone` is aborted when the client does not wait any longer. Never throws. */
  post(body: Uint8Array, address: string, gone: AbortSignal): Promise<HttpAnswer>;
  /** Serves a WebSocket from now on. */
  connect(socket: ClientSocket): void;
}

export type Refusal =
  | "unknown-chain"
  | "origin"
  | "sockets"
  | "connections"
  | "in-flight"
  | "held"
  | "too-large"
  | "media-type";

/** PEM texts: the certificate with those that vouch for it behind it, and its key. */
export type TlsFiles = { readonly cert: string; readonly key: string };

export type ChainDoorParts = {
  /** For the words of an error: "JSON-RPC", "gateway". */
  readonly name: string;
  readonly logger: Logger;
  readonly limits: ServerLimits;
  readonly origins: AllowedOrigins;
  readonly proxies: TrustedProxies;
  /** By the chain id's decimal digits. */
  readonly endpoint: (chainId: string) => ChainEndpoint | undefined;
  readonly health: () => unknown;
  /** JSON of GET /keygen/<chainId>; undefined where there is nothing to show. */
  readonly keygen?: ((chainId: string) => object | undefined) | undefined;
  /** Text and content type of GET /metrics. */
  readonly metrics: (() => Promise<{ readonly text: string; readonly type: string }>) | undefined;
  readonly refused: (reason: Refusal) => void;
  readonly socketsChanged: (open: number) => void;
  /** https and wss in place of http and ws. */
  readonly tls?: TlsFiles | undefined;
};

/** Milliseconds in which a request must have arrived as a whole. */
const REQUEST_TIMEOUT_MS = 30_000;
/** The same for its headers, and between two looks at who is late. */
const HEADERS_TIMEOUT_MS = 15_000;
const LOOK_MS = 5_000;
/** Milliseconds in which an answer must have been read as a whole. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Milliseconds that a handshake may take. */
const HANDSHAKE_MS = 10_000;
const LEAST_TLS = { minVersion: "TLSv1.2", handshakeTimeout: HANDSHAKE_MS } as const;

const MEDIA_TYPES = ["application/json", "application/json-rpc", "application/jsonrequest"];

type ChainRoute = { Params: { chainId: string } };
type Session = { readonly socket: ClientSocket; readonly chainId: string };

/** Routes here have no schemas. Fastify's own compilers for them take a tenth of a node's start to load. */
function noSchemas(): never {
  throw new Error("this server compiles no schemas");
}

/**
 * The HTTP side that node and gateway share: POST and WebSocket at /chains/<chainId>, GET /health and /metrics, and the
 * bounds on bodies, sockets and requests of one address. What a request means is the endpoints' affair.
 */
export class ChainDoor {
  readonly #parts: ChainDoorParts;
  readonly #app: FastifyInstance;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_BYTES, perMessageDeflate: false });
  readonly #sessions = new Set<Session>();
  readonly #socketsOf = new Tally();
  readonly #requestsOf = new Tally();
  readonly #connectionsOf = new Tally();
  readonly #held: HeldBytes;
  readonly #holdings = new WeakMap<IncomingMessage, Holding>();
  readonly #pings: NodeJS.Timeout;

  private constructor(parts: ChainDoorParts) {
    this.#parts = parts;
    this.#held = new HeldBytes(parts.limits.heldBytes);
    this.#app = this.#build();
    this.#app.server.maxConnections = parts.limits.connections;
    this.#app.server.on("connection", (socket) => this.#connected(socket));
    this.#app.server.on("upgrade", (request, connection, head) => this.#upgrade(request, connection, head));
    this.#pings = setInterval(() => {
      for (const { socket } of this.#sessions) socket.ping();
    }, PING_MS);
    this.#pings.unref();
  }

  /** Listens; port 0 takes a free one. Throws ListenError, and what OpenSSL says of a bad certificate or key. */
  static async open(parts: ChainDoorParts, host: string, port: number): Promise<ChainDoor> {
    const door = new ChainDoor(parts);
    try {
      await door.#app.listen({ host, port });
      return door;
    } catch (error) {
      await door.close();
      throw new ListenError(parts.name, host, port, error);
    }
  }

  get port(): number {
    const address = this.#app.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Closes the sockets of a chain that is no longer served. */
  closeChain(chainId: string): void {
    for (const session of this.#sessions) {
      if (session.chainId === chainId) session.socket.close(1001, "the chain is no longer served here");
    }
  }

  /** New connections get this certificate. Throws what OpenSSL says of it; the old one stays then. */
  renew(tls: TlsFiles): void {
    const server: unknown = this.#app.server;
    if (server instanceof TlsServer) server.setSecureContext({ ...LEAST_TLS, ...tls });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    clearInterval(this.#pings);
    for (const { socket } of this.#sessions) {
      socket.close(1001, "the server stops");
      socket.terminate();
    }
    this.#sockets.close();
    await this.#app.close();
  }

  #build(): FastifyInstance {
    const { origins, health, keygen, metrics, tls } = this.#parts;
    const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: LOOK_MS };
    // Fastify's types know other requests for TLS, which are the same.
    const secure = tls === undefined ? {} : { https: { ...LEAST_TLS, ...tls, ...timeouts } };
    const options = {
      ...secure,
      logger: false,
      bodyLimit: MAX_REQUEST_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      http: timeouts,
      forceCloseConnections: true,
      return503OnClosing: false,
      schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    };
    const app = Fastify(options);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(MEDIA_TYPES, (request: FastifyRequest, body: Readable) =>
      readBody(body, Number(request.headers["content-length"] ?? 0), this.#holding(request)),
    );
    app.setErrorHandler((error: FastifyError, request, reply) => this.#failure(error, request, reply));
    app.setNotFoundHandler((_request, reply) =>
      problem(reply, 404, RPC_CODE.invalidRequest, "not found: JSON-RPC is at /chains/<chainId>"),
    );
    app.get("/health", async () => health());
    if (metrics !== undefined) {
      app.get("/metrics", async (_request, reply) => {
        const { text, type } = await metrics();
        return reply.type(type).send(text);
      });
    }
    if (keygen !== undefined) {
      app.get<ChainRoute>(
        "/keygen/:chainId",
        async ({ params }, reply) =>
          keygen(params.chainId) ?? problem(reply, 404, RPC_CODE.notFound, "no READY to show for this chain"),
      );
    }
    const onRequest = async (request: FastifyRequest<ChainRoute>, reply: FastifyReply): Promise<unknown> =>
      this.#enter(request, reply);
    app.post<ChainRoute>("/chains/:chainId", { onRequest }, (request, reply) => this.#post(request, reply));
    app.get<ChainRoute>("/chains/:chainId", { onRequest }, (_request, reply) =>
      problem(reply.header("allow", "POST, OPTIONS"), 405, RPC_CODE.invalidRequest, "use POST or a WebSocket"),
    );
    app.options<ChainRoute>("/chains/:chainId", (request, reply) =>
      reply.headers(corsHeaders(origins, request.headers.origin)).code(204).send(),
    );
    return app;
  }

  #connected(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    // Behind a proxy that says who its clients are, their requests are counted instead.
    if (this.#parts.proxies.trusts(address)) return;
    if (!this.#connectionsOf.enter(address, this.#parts.limits.connectionsPerAddress)) {
      this.#parts.refused("connections");
      socket.destroy();
      return;
    }
    socket.once("close", () => this.#connectionsOf.leave(address));
  }

  /** What the request makes this process hold. */
  #holding({ raw }: FastifyRequest): Holding {
    const own = this.#holdings.get(raw) ?? this.#held.open(this.#clientOf(raw));
    this.#holdings.set(raw, own);
    return own;
  }

  /** Before the body is read: is there such a chain, and may this address ask more at once? */
  #enter(request: FastifyRequest<ChainRoute>, reply: FastifyReply): unknown {
    const { endpoint, limits, origins, refused } = this.#parts;
    reply.headers(corsHeaders(origins, request.headers.origin));
    const { chainId } = request.params;
    if (endpoint(chainId) === undefined) {
      refused("unknown-chain");
      return problem(reply, 404, RPC_CODE.notFound, `no chain ${chainId.slice(0, 80)} here`);
    }
    const address = this.#clientOf(request.raw);
    if (this.#held.isFull(address)) {
      refused("held");
      return full(reply);
    }
    if (!this.#requestsOf.enter(address, limits.inFlightPerAddress)) {
      refused("in-flight");
      reply.header("retry-after", "1").header("connection", "close");
      return problem(reply, 429, RPC_CODE.limitExceeded, "limit exceeded: too many requests at once from this address");
    }
    const own = this.#holding(request);
    reply.raw.once("close", () => {
      this.#requestsOf.leave(address);
      own.set(0);
    });
    return undefined;
  }

  async #post(request: FastifyRequest<ChainRoute>, reply: FastifyReply): Promise<unknown> {
    const endpoint = this.#parts.endpoint(request.params.chainId);
    if (endpoint === undefined) return problem(reply, 404, RPC_CODE.notFound, "the chain is no longer served here");
    const body = request.body instanceof Buffer ? request.body : new Uint8Array(0);
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    const answer = await endpoint.post(body, this.#clientOf(request.raw), gone.signal);
    if (answer.retryAfter !== undefined) reply.header("retry-after", answer.retryAfter);
    if (answer.body === undefined || answer.body.length === 0) return reply.code(204).send();
    const own = this.#holding(request);
    own.set(answer.body.length);
    if (own.isFull && own.bytes > SMALL_BODY_BYTES) {
      own.set(0);
      this.#parts.refused("held");
      return full(reply);
    }
    // A client that does not read it would make this process keep it.
    const tooSlow = setTimeout(() => reply.raw.destroy(), ANSWER_TIMEOUT_MS);
    reply.raw.once("close", () => clearTimeout(tooSlow));
    return reply.code(answer.status).type("application/json").send(answer.body);
  }

  #clientOf({ socket, headers }: IncomingMessage): string {
    return this.#parts.proxies.clientOf(socket.remoteAddress, headers["x-forwarded-for"]);
  }

  #upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const { endpoint, limits, origins, refused, socketsChanged } = this.#parts;
    // A client that goes away during the handshake is its own business.
    connection.on("error", () => undefined);
    const chainId = chainOfPath(request.url ?? "") ?? "";
    const served = endpoint(chainId);
    if (served === undefined) {
      refused("unknown-chain");
      refuse(connection, 404, new RpcError(RPC_CODE.notFound, "no such chain here"));
      return;
    }
    if (!allowsOrigin(origins, request.headers.origin)) {
      refused("origin");
      refuse(connection, 403, new RpcError(RPC_CODE.invalidRequest, "this origin is not allowed here"));
      return;
    }
    const address = this.#clientOf(request);
    if (this.#sessions.size >= limits.sockets || !this.#socketsOf.enter(address, limits.socketsPerAddress)) {
      refused("sockets");
      refuse(connection, 429, new RpcError(RPC_CODE.limitExceeded, "limit exceeded: too many WebSockets"));
      return;
    }
    // The connection's end, not the WebSocket's: it comes also when the handshake fails.
    connection.once("close", () => this.#socketsOf.leave(address));
    this.#sockets.handleUpgrade(request, connection, head, (webSocket) => {
      const session: Session = {
        socket: new ClientSocket(webSocket, connection, { address, limits, held: this.#held }),
        chainId,
      };
      this.#sessions.add(session);
      socketsChanged(this.#sessions.size);
      webSocket.once("close", () => {
        this.#sessions.delete(session);
        socketsChanged(this.#sessions.size);
      });
      served.connect(session.socket);
    });
  }

  async #failure(error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { logger, name, refused } = this.#parts;
    switch (error.code) {
      case "full":
        refused("held");
        await drained(request.raw);
        return full(reply);
      case "too-large":
        refused("too-large");
        await drained(request.raw);
        reply.header("connection", "close");
        return problem(reply, 413, RPC_CODE.invalidRequest, `request too large: at most ${MAX_REQUEST_BYTES} bytes`);
      case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
        refused("media-type");
        return problem(reply, 415, RPC_CODE.invalidRequest, "content-type must be application/json");
    }
    const status = error.statusCode ?? 500;
    if (status < 500) return problem(reply, status, RPC_CODE.invalidRequest, error.message);
    logger.error({ err: error, server: name }, "request failed");
    return problem(reply, status, RPC_CODE.internal, "internal error");
  }
}

/** The chain id in /chains/<chainId>, with or without a query behind it. */
function chainOfPath(url: string): string | undefined {
  return /^\/chains\/([0-9]{1,20})(?:\?.*)?$/.exec(url)?.[1];
}
