import type { SubmitOptions, TransactionRequest } from "../pool/request.ts";
import { JobFailed, type SigningPool } from "../pool/signing-pool.ts";
import { PoolError } from "../pool-error.ts";
import { statusOf } from "./refusal.ts";

/** What a request to a backend asks the chain for. A PoolError with BAD_REQUEST is answered with 400. */
export type Intent<R> = (
  request: R,
) => MaybePromise<{ readonly call: TransactionRequest; readonly options?: SubmitOptions }>;

type MaybePromise<T> = T | Promise<T>;

type Answer = { readonly status: number; readonly retryAfter?: number; readonly body: unknown };

/** The parts of Fastify's reply and of Express' response that are used, whatever their versions. */
type FastifyReplyLike = {
  code(status: number): FastifyReplyLike;
  header(name: string, value: number): FastifyReplyLike;
  send(body: unknown): unknown;
};
type ExpressResponseLike = {
  status(status: number): ExpressResponseLike;
  setHeader(name: string, value: number): unknown;
  json(body: unknown): unknown;
};

async function carriedOut<R>(pool: SigningPool, intent: Intent<R>, request: R): Promise<Answer> {
  try {
    const { call, options } = await intent(request);
    const { hash, blockNumber, gasUsed } = await pool.send(call, options);
    return { status: 200, body: { status: "mined", hash, blockNumber, gasUsed: gasUsed.toString() } };
  } catch (error) {
    if (error instanceof JobFailed) {
      const { id } = error.job;
      return { status: 422, body: { error: { code: error.code, message: error.message, id } } };
    }
    if (!(error instanceof PoolError)) throw error;
    const status = statusOf(error.code);
    const body = { error: { code: error.code, message: error.message } };
    return status === 503 ? { status, retryAfter: 1, body } : { status, body };
  }
}

/** A Fastify handler that answers when the transaction is mined. */
export function fastifyHandler<R>(
  pool: SigningPool,
  intent: Intent<R>,
): (request: R, reply: FastifyReplyLike) => Promise<unknown> {
  return async (request, reply) => {
    const { status, retryAfter, body } = await carriedOut(pool, intent, request);
    if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
    return reply.code(status).send(body);
  };
}

/** An Express handler that answers when the transaction is mined; bugs go to Express' error handler. */
export function expressHandler<R>(
  pool: SigningPool,
  intent: Intent<R>,
): (request: R, response: ExpressResponseLike, next: (error: unknown) => void) => void {
  return (request, response, next) => {
    carriedOut(pool, intent, request).then(({ status, retryAfter, body }) => {
      if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
      response.status(status).json(body);
    }, next);
  };
}
