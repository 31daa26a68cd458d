import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Anvil, MNEMONIC, wordOf, ZERO_WORD } from "../anvil.fixture.ts";
import { createSigningPool, type SigningPool } from "../pool/signing-pool.ts";
import { expressHandler, fastifyHandler, type Intent } from "./adaptors.ts";

type Body = { readonly word?: `0x${string}` };

describe("handlers of a backend's own routes", () => {
  let anvil: Anvil;
  let to: `0x${string}`;
  let pool: SigningPool;
  let app: FastifyInstance;
  let server: Server;
  const bases: string[] = [];

  beforeAll(async () => {
    anvil = await Anvil.start();
    to = await anvil.counter();
    const options = { mnemonic: MNEMONIC, rpcUrl: anvil.rpc, size: 2, store: ":memory:", confirmations: 1, pollMs: 20 };
    pool = await createSigningPool({ ...options, maxOpenJobs: 100 });
    const intent: Intent<{ readonly body?: unknown }> = ({ body }) => {
      const { word } = (body ?? {}) as Body;
      if (word === "0x00") throw new Error("a bug");
      return { call: { to, ...(word === undefined ? { data: "0x1" } : { data: word }) } };
    };
    app = Fastify();
    app.post("/", fastifyHandler<FastifyRequest>(pool, intent));
    bases.push(await app.listen({ host: "127.0.0.1", port: 0 }));
    const routes = express().use(express.json());
    routes.post("/", expressHandler(pool, intent));
    routes.use((_error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
      response.status(500).json({});
    });
    server = createServer(routes);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    bases.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(async () => {
    await app.close();
    server.close();
    await pool.close();
    await anvil.stop();
  });

  test.each([
    ["Fastify", 0],
    ["Express", 1],
  ])("%s", async (name, index) => {
    const post = async (word?: string): Promise<readonly [number, unknown]> => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(word === undefined ? {} : { word });
      const response = await fetch(bases[index] ?? "", { method: "POST", headers, body });
      return [response.status, await response.json()];
    };
    expect(await post(wordOf(name))).toEqual([
      200,
      expect.objectContaining({ status: "mined", gasUsed: expect.any(String) }),
    ]);
    expect(await anvil.counted(to, wordOf(name))).toBe(1);
    const failure = expect.objectContaining({ code: "SIMULATION_REVERTED" });
    expect(await post(ZERO_WORD)).toEqual([422, { error: failure }]);
    expect(await post()).toEqual([400, { error: expect.objectContaining({ code: "BAD_REQUEST" }) }]);
    expect((await post("0x00"))[0]).toBe(500);
  });
});
