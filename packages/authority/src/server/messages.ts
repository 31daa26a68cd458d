import type { Hex } from "viem";
import { z } from "zod";
import type { Job } from "../job.ts";
import type { SubmitOptions, TransactionRequest } from "../pool/request.ts";
import { PoolError } from "../pool-error.ts";

type Body = {
  readonly to?: string | undefined;
  readonly data?: string | undefined;
  readonly value?: string | undefined;
  readonly gas?: string | undefined;
  readonly route?: string | undefined;
  readonly priority?: number | undefined;
  readonly webhook?: string | undefined;
  readonly deadline?: number | undefined;
};

const hex = z.string().regex(/^0x([0-9a-fA-F]{2})*$/);
const amount = z.string().regex(/^[0-9]{1,78}$/);

/** The body of `POST /v1/transactions`. */
export const submissionShape: z.ZodType<Body> = z.strictObject({
  to: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .optional(),
  data: hex.optional(),
  /** Decimal, in wei. */
  value: amount.optional(),
  gas: amount.optional(),
  route: z
    .string()
    .regex(/^[A-Za-z0-9._/-]{0,100}$/)
    .optional(),
  priority: z.int().min(-1_000).max(1_000).optional(),
  webhook: z.string().min(1).max(2_000).optional(),
  /** Unix time in milliseconds. */
  deadline: z.int().positive().optional(),
});

export type Submission = { readonly request: TransactionRequest; readonly options: SubmitOptions };

/** The body of `POST /v1/transactions`, checked. Throws BAD_REQUEST, naming the first field that is wrong. */
export function submissionOf(value: unknown): Submission {
  const parsed = submissionShape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new PoolError("BAD_REQUEST", `${issue?.path.join(".") || "body"}: ${issue?.message ?? "wrong"}`);
  }
  const { to, data, value: wei, gas, route, priority, deadline, webhook } = parsed.data;
  return {
    request: {
      ...(to === undefined ? {} : { to: to as Hex }),
      ...(data === undefined ? {} : { data: data as Hex }),
      ...(wei === undefined ? {} : { value: BigInt(wei) }),
      ...(gas === undefined ? {} : { gas: BigInt(gas) }),
    },
    options: {
      ...(route === undefined ? {} : { route }),
      ...(priority === undefined ? {} : { priority }),
      ...(deadline === undefined ? {} : { deadline }),
      ...(webhook === undefined ? {} : { webhook }),
    },
  };
}

/** A job as its owner sees it; amounts as decimal text. */
export function jobView(job: Job): Readonly<Record<string, unknown>> {
  const { id, state, route, signer, nonce, receipt, failure, createdAt, updatedAt } = job;
  return {
    id,
    state,
    route,
    ...(signer === undefined ? {} : { signer, nonce }),
    ...(receipt === undefined ? {} : { receipt: { ...receipt, gasUsed: receipt.gasUsed.toString() } }),
    ...(failure === undefined ? {} : { failure }),
    createdAt,
    updatedAt,
  };
}
