import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply } from "fastify";
import { errorText } from "./json-rpc.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Seconds after which a client that met a limit of connections may try again. */
const RETRY_SECONDS = "5";

/** A refusal of the HTTP layer, as JSON-RPC error. */
export function problem(reply: FastifyReply, status: number, code: number, message: string): FastifyReply {
  return reply
    .code(status)
    .type("application/json")
    .send(errorText(null, new RpcError(code, message)));
}

/** The same for load: whoever comes now would make this process hold more than it should. */
export function full(reply: FastifyReply): FastifyReply {
  reply.header("retry-after", "1").header("connection", "close");
  return problem(reply, 429, RPC_CODE.limitExceeded, "limit exceeded: this server holds too much that is on its way");
}

/** The same for a connection that asked for an upgrade. */
export function refuse(connection: Duplex, status: number, error: RpcError): void {
  const body = errorText(null, error);
  connection.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `${status === 429 ? `retry-after: ${RETRY_SECONDS}\r\n` : ""}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
