import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { PoolError } from "../../pool-error.ts";
import type { Caller } from "../callers.ts";
import { Refusal } from "../refusal.ts";
import { AddressRates } from "./address-rates.ts";
import type { Users } from "./users.ts";

const login = z.strictObject({
  message: z.string().min(1).max(4_000),
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2}){1,8192}$/)
    .transform((text) => text as `0x${string}`),
});
const claim = z.strictObject({ guestToken: z.string().regex(/^[A-Za-z0-9_-]{16,200}$/) });

/** Of one client address. */
const GUEST_RATE = { ratePerSecond: 0.2, burst: 5 };

export type LoginPorts = {
  readonly users: Users;
  readonly callerOf: (request: FastifyRequest) => Promise<Caller>;
  readonly tokenOf: (request: FastifyRequest) => string;
};

/** Logging in and out, guests, and whose account it is. */
export function loginRoutes(app: FastifyInstance, ports: LoginPorts): void {
  const { users, callerOf, tokenOf } = ports;
  const limited = (rates: AddressRates, request: FastifyRequest): void => {
    // The socket's address, or what a trusted proxy says: a header of the client's own says nothing.
    const seconds = rates.spend(request.ip, Date.now());
    if (seconds > 0) throw new Refusal(429, "RATE_LIMITED", "too many requests from this address", seconds);
  };
  const [nonces, logins] = [new AddressRates(users.loginRate), new AddressRates(users.loginRate)];
  const guests = new AddressRates(GUEST_RATE);
  app.post("/v1/login/nonce", async (request) => {
    limited(nonces, request);
    return users.nonce();
  });
  app.post("/v1/login", async (request) => {
    limited(logins, request);
    const { message, signature } = checked(login, request.body);
    return await users.logIn(message, signature);
  });
  app.post("/v1/logout", async (request, reply) => {
    await callerOf(request);
    await users.logOut(tokenOf(request));
    return await reply.code(204).send();
  });
  app.post("/v1/guests", async (request, reply) => {
    limited(guests, request);
    return await reply.code(201).send(await users.newGuest());
  });
  app.post("/v1/guests/claim", async (request) => {
    const caller = await callerOf(request);
    return { account: await users.claim(caller, checked(claim, request.body).guestToken) };
  });
  app.get("/v1/account", async (request) => await users.view(await callerOf(request)));
}

function checked<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new PoolError("BAD_REQUEST", `${issue?.path.join(".") || "body"}: ${issue?.message ?? "wrong"}`);
}
