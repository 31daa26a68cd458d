import type { FastifyInstance, FastifyRequest } from "fastify";
import type { SigningPool } from "../pool/signing-pool.ts";
import type { Caller } from "./callers.ts";
import { jobView } from "./messages.ts";
import { Refusal } from "./refusal.ts";

export type OperatorPorts = {
  readonly pool: SigningPool;
  readonly callerOf: (request: FastifyRequest) => Promise<Caller>;
  readonly drain: () => void;
};

/** What `tributary authority status|add-signer|sweep|drain` ask, for callers with `operator`. */
export function operatorRoutes(app: FastifyInstance, { pool, callerOf, drain }: OperatorPorts): void {
  const only = async (request: FastifyRequest): Promise<void> => {
    if (!(await callerOf(request)).isOperator) throw new Refusal(403, "FORBIDDEN", "the caller is no operator");
  };
  app.get("/v1/status", async (request) => {
    await only(request);
    return { ...pool.status(), ready: pool.isReady };
  });
  app.post("/v1/signers", async (request, reply) => {
    await only(request);
    return await reply.code(201).send({ address: await pool.addSigner() });
  });
  app.post("/v1/sweep", async (request, reply) => {
    await only(request);
    return await reply.code(202).send({ jobs: (await pool.sweep()).map(jobView) });
  });
  app.post("/v1/drain", async (request, reply) => {
    await only(request);
    drain();
    return await reply.code(202).send({ open: pool.status().open });
  });
}
