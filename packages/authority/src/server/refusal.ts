import type { FastifyReply } from "fastify";
import { PoolError, type PoolErrorCode } from "../pool-error.ts";

const STATUS: Readonly<Partial<Record<PoolErrorCode, number>>> = {
  BAD_REQUEST: 400,
  UNKNOWN_JOB: 404,
  IDEMPOTENCY_CONFLICT: 409,
  QUEUE_FULL: 503,
  CLOSED: 503,
};

export function statusOf(code: PoolErrorCode): number {
  return STATUS[code] ?? 500;
}

/** An answer other than success; its message goes to the caller. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal) {
    if (error.retryAfter !== undefined) reply.header("retry-after", error.retryAfter);
    return reply.code(error.status).send({ error: { code: error.code, message: error.message } });
  }
  if (error instanceof PoolError) {
    const status = statusOf(error.code);
    if (status === 503) reply.header("retry-after", 1);
    return reply.code(status).send({ error: { code: error.code, message: error.message } });
  }
  const { statusCode } = error as { readonly statusCode?: number };
  // Fastify's own refusals: a body that is too long, not JSON, or not complete.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return reply.code(statusCode).send({ error: { code: "BAD_REQUEST", message: (error as Error).message } });
  }
  return reply.code(500).send({ error: { code: "INTERNAL", message: "something went wrong here" } });
}
