import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Anvil, MNEMONIC, wordOf, ZERO_WORD } from "../anvil.fixture.ts";
import { createSigningPool, type SigningPool } from "../pool/signing-pool.ts";
import { AuthorityServer } from "./authority-server.ts";
import { PoolMetrics } from "./pool-metrics.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const GAME = "game-key-0123456789";
const SHOP = "shop-key-0123456789";
const SLOW = "slow-key-0123456789";

type View = {
  readonly id: string;
  readonly state: string;
  readonly receipt?: { readonly status: string };
  readonly failure?: { readonly code: string };
  readonly error?: { readonly code: string };
};

describe("the authority server against anvil", () => {
  let anvil: Anvil;
  let to: `0x${string}`;
  let pool: SigningPool;
  let server: AuthorityServer;
  let base: string;

  beforeAll(async () => {
    anvil = await Anvil.start();
    to = await anvil.counter();
    const rate = { ratePerSecond: 1_000, burst: 1_000, maxValue: 0n };
    pool = await createSigningPool({
      mnemonic: MNEMONIC,
      rpcUrl: anvil.rpc,
      size: 4,
      store: ":memory:",
      confirmations: 1,
      pollMs: 20,
    });
    const metrics = new PoolMetrics();
    metrics.follow(pool);
    server = await AuthorityServer.start({
      pool,
      metrics,
      host: "127.0.0.1",
      port: 0,
      callers: [
        { name: "game", keySha256: sha256(GAME), ...rate },
        { name: "shop", keySha256: sha256(SHOP), ...rate, allow: [{ to, functions: ["0x12345678"] }] },
        { name: "slow", keySha256: sha256(SLOW), ...rate, ratePerSecond: 0.01, burst: 2 },
      ],
    });
    base = `http://127.0.0.1:${server.port}`;
  });
  afterAll(async () => {
    await server.close();
    await pool.close();
    await anvil.stop();
  });

  async function post(
    body: unknown,
    { key = GAME, query = "", headers = {} }: { key?: string; query?: string; headers?: Record<string, string> } = {},
  ): Promise<{ readonly status: number; readonly json: View; readonly headers: Headers }> {
    const response = await fetch(`${base}/v1/transactions${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, json: (await response.json()) as View, headers: response.headers };
  }

  async function get(path: string, key?: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(base + path, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
    return { status: response.status, text: await response.text() };
  }

  test("takes a transaction, and answers with its receipt when asked to wait", async () => {
    const { status, json, headers } = await post({ to, data: wordOf("http") }, { query: "?wait=final" });
    expect([status, json.state, json.receipt?.status]).toEqual([202, "final", "success"]);
    expect(headers.get("location")).toBe(`/v1/transactions/${json.id}`);
    const seen = await get(`/v1/transactions/${json.id}`, GAME);
    expect(JSON.parse(seen.text)).toEqual(json);
  });

  test("one Idempotency-Key of one caller is one job; another caller's is another", async () => {
    const body = { to, data: wordOf("same") };
    const headers = { "idempotency-key": "order-1" };
    const answers = await Promise.all([post(body, { headers }), post(body, { headers }), post(body, { headers })]);
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    const conflict = await post({ to, data: wordOf("else") }, { headers });
    expect([conflict.status, conflict.json.error?.code]).toEqual([409, "IDEMPOTENCY_CONFLICT"]);
    const other = await post(body, { key: SLOW, headers, query: "?wait=mined" });
    expect(other.json.id).not.toBe(answers[0]?.json.id);
    await post(body, { headers, query: "?wait=mined" });
    expect(await anvil.counted(to, wordOf("same"))).toBe(2);
  });

  test("streams a job's states as server-sent events until it is done", async () => {
    const { json } = await post({ to, data: wordOf("stream") });
    const { text } = await get(`/v1/transactions/${json.id}/events`, GAME);
    const states = [...text.matchAll(/^event: (.*)$/gm)].map(([, state]) => state);
    expect(states.at(-1)).toBe("final");
    const { text: again } = await get(`/v1/transactions/${json.id}/events`, GAME);
    expect(again.match(/^event: /gm)).toHaveLength(1);
  });

  test("says why a job had no effect", async () => {
    const { status, json } = await post({ to, data: ZERO_WORD }, { query: "?wait=mined" });
    expect([status, json.state, json.failure?.code]).toEqual([202, "failed", "SIMULATION_REVERTED"]);
  });

  const wrong: readonly (readonly [string, unknown, number])[] = [
    ["no JSON", "{", 400],
    ["no object", [], 400],
    ["a field too many", { to: ZERO_WORD.slice(0, 42), data: "0x", from: "0x" }, 400],
    ["half a byte", { to: ZERO_WORD.slice(0, 42), data: "0x123" }, 400],
    ["an address that is too short", { to: "0x12", data: "0x" }, 400],
    ["a negative value", { to: ZERO_WORD.slice(0, 42), value: "-1" }, 400],
    ["a value above 256 bits", { to: ZERO_WORD.slice(0, 42), value: "9".repeat(78) }, 400],
    ["nothing to do", {}, 400],
    ["more than the key may spend", { to: ZERO_WORD.slice(0, 42), value: "1" }, 403],
    ["a body without end", { data: `0x${"00".repeat(300_000)}` }, 413],
  ];
  test.each(wrong)("refuses %s", async (_, body, status) => {
    expect((await post(body)).status).toBe(status);
  });

  test("refuses keys that it does not know, calls that a key does not allow, and another caller's job", async () => {
    expect((await post({ to }, { key: "wrong-key-0123456789" })).status).toBe(401);
    expect((await get("/v1/transactions/1")).status).toBe(401);
    expect((await post({ to, data: "0x87654321" }, { key: SHOP })).status).toBe(403);
    expect((await post({ to: ZERO_WORD.slice(0, 42), data: "0x12345678" }, { key: SHOP })).status).toBe(403);
    const { json } = await post({ to, data: wordOf("mine") });
    expect((await get(`/v1/transactions/${json.id}`, SHOP)).status).toBe(404);
    expect((await get(`/v1/transactions/${json.id}/events`, SHOP)).status).toBe(404);
    expect((await post({ to }, { headers: { "idempotency-key": "two words" } })).status).toBe(400);
  });

  test("lets no caller exceed its rate, and others go on", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => post({ to, data: wordOf("fast") }, { key: SLOW })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await post({ to, data: wordOf("other") })).status).toBe(202);
  });

  test("describes itself: every route under /v1 is in the OpenAPI document, and no other", async () => {
    const { status, text } = await get("/v1/openapi.json");
    expect(status).toBe(200);
    const { paths } = JSON.parse(text) as { readonly paths: Record<string, Record<string, unknown>> };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace("{id}", ":id")}`),
    );
    const routes = server.routes.filter((route) => route.includes(" /v1/") && !route.endsWith("openapi.json"));
    expect(described.sort()).toEqual(routes.sort());
  });

  test("lets nobody but operators look at it and drain it", async () => {
    for (const path of ["signers", "sweep", "drain"]) {
      const headers = { authorization: `Bearer ${GAME}` };
      expect((await fetch(`${base}/v1/${path}`, { method: "POST", headers })).status).toBe(403);
    }
    expect((await get("/v1/status", GAME)).status).toBe(403);
    expect((await get("/v1/status")).status).toBe(401);
  });

  test("shows health, readiness and metrics, and refuses work while it drains", async () => {
    expect((await get("/health")).status).toBe(200);
    expect((await get("/ready")).status).toBe(200);
    const { text } = await get("/metrics");
    expect(text).toMatch(/^authority_jobs_total\{state="final"\} [1-9]/m);
    expect(text).toMatch(/^authority_signers_active 4$/m);
    server.drain();
    expect((await post({ to, data: wordOf("late") })).status).toBe(503);
    expect((await get("/ready")).status).toBe(503);
    await pool.drain();
    expect(pool.status().open).toBe(0);
  });
});
