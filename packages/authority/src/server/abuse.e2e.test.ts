import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Anvil, MNEMONIC, wordOf } from "../anvil.fixture.ts";
import { createSigningPool, type SigningPool } from "../pool/signing-pool.ts";
import { JobStore } from "../store/job-store.ts";
import { AuthorityServer } from "./authority-server.ts";
import { PoolMetrics } from "./pool-metrics.ts";
import { webhookSecret, webhookSignature } from "./webhooks/webhook-sender.ts";

const KEY = "game-key-0123456789";
const SECRET = new Uint8Array(32).fill(7);
const DOMAIN = "game.example";
const CHAIN = 31_337;
const wallets = [1, 2, 3].map((index) => privateKeyToAccount(`0x${String(index).repeat(64)}`));
const [wallet, admin, other] = wallets as [(typeof wallets)[0], (typeof wallets)[0], (typeof wallets)[0]];
/** A wallet whose isValidSignature says yes to everything: MSTORE its magic, RETURN 32 bytes. */
const CONTRACT_WALLET = "0x00000000000000000000000000000000000000c1";
const YES = `0x7f1626ba7e${"00".repeat(28)}5f5260205ff3`;
const ANOTHER = "0x00000000000000000000000000000000000000aa";

type Answer = { readonly status: number; readonly json: Record<string, never>; readonly headers: Headers };
type Delivery = { readonly headers: IncomingHttpHeaders; readonly body: string };

describe("people, webhooks and their abuse", () => {
  let anvil: Anvil;
  let to: `0x${string}`;
  let pool: SigningPool;
  let store: JobStore;
  let server: AuthorityServer;
  let hook: Server;
  let deliveries: Delivery[];
  let failures = 1;

  async function start(): Promise<void> {
    const common = { mnemonic: MNEMONIC, rpcUrl: anvil.rpc, confirmations: 1, pollMs: 20 };
    pool = await createSigningPool({ ...common, size: 2, store });
    const rate = { ratePerSecond: 1_000, burst: 1_000, maxValue: 0n };
    server = await AuthorityServer.start({
      pool,
      store,
      secret: SECRET,
      metrics: new PoolMetrics(),
      host: "127.0.0.1",
      port: 0,
      callers: [{ name: "game", keySha256: createHash("sha256").update(KEY).digest("hex"), ...rate, webhooks: true }],
      webhooks: { allowedNetworks: ["127.0.0.1/32"], firstRetryMs: 50 },
      login: {
        domain: DOMAIN,
        roles: {
          player: { ...rate, allow: [{ to, functions: ["0x12345678"] }] },
          guest: {
            ...rate,
            ratePerSecond: 0.01,
            burst: 4,
            maxGas: 50_000n,
            gasQuota: { gas: 60_000n, seconds: 3_600 },
          },
          admin: rate,
        },
        walletRole: "player",
        guestRole: "guest",
        wallets: { [admin.address]: "admin" },
        loginRate: { ratePerSecond: 1_000, burst: 1_000 },
        sessionSeconds: 3_600,
        guestSeconds: 3_600,
      },
    });
  }

  beforeAll(async () => {
    anvil = await Anvil.start();
    to = await anvil.counter();
    await anvil.call("anvil_setCode", CONTRACT_WALLET, YES);
    store = await JobStore.open(":memory:");
    deliveries = [];
    hook = createServer((request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => {
        body += part.toString("utf8");
      });
      request.on("end", () => {
        if (request.url === "/moved") {
          response.writeHead(307, { location: "/hook" }).end();
          return;
        }
        response.writeHead(failures-- > 0 ? 500 : 204).end();
        deliveries.push({ headers: request.headers, body });
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
    await start();
  });
  afterAll(async () => {
    await server.close();
    await pool.close();
    await store.close();
    hook.close();
    await anvil.stop();
  });

  async function ask(path: string, token?: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...more,
      },
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? {} : JSON.parse(text), headers: response.headers };
  }

  async function message(change: object = {}): Promise<string> {
    const { json } = await ask("/v1/login/nonce", undefined, {});
    const fields = { address: wallet.address, chainId: CHAIN, domain: DOMAIN, nonce: String(json["nonce"]) };
    const more = { uri: `https://${DOMAIN}/`, version: "1", issuedAt: new Date() } as const;
    return createSiweMessage({ ...fields, ...more, ...change });
  }

  async function logIn(text: string, account = wallet): Promise<Answer> {
    return await ask("/v1/login", undefined, {
      message: text,
      signature: await account.signMessage({ message: text }),
    });
  }

  async function session(account = wallet): Promise<string> {
    const { status, json } = await logIn(await message({ address: account.address }), account);
    expect(status).toBe(200);
    return String(json["token"]);
  }

  test("a wallet logs in, may do what its role allows, and logs out", async () => {
    const token = await session();
    const { json } = await ask("/v1/account", token);
    expect(json).toEqual({
      account: `wallet:${wallet.address.toLowerCase()}`,
      role: "player",
      wallet: wallet.address,
      guests: [],
    });
    expect((await ask("/v1/transactions", token, { to, data: `0x12345678${"01".repeat(28)}` })).status).toBe(202);
    expect((await ask("/v1/transactions", token, { to, data: "0x87654321" })).status).toBe(403);
    expect((await ask("/v1/transactions", token, { to: ANOTHER, data: "0x12345678" })).status).toBe(403);
    expect((await ask("/v1/transactions", await session(admin), { to: ANOTHER, data: "0x" })).status).toBe(202);
    expect((await ask("/v1/logout", token, {})).status).toBe(204);
    expect((await ask("/v1/account", token)).status).toBe(401);
  });

  test("describes its login too", async () => {
    const { json } = await ask("/v1/openapi.json");
    const described = Object.keys(json["paths"] ?? {});
    const routes = new Set(server.routes.map((route) => route.split(" ")[1]?.replace(":id", "{id}")));
    expect(described.filter((path) => !routes.has(path))).toEqual([]);
    expect(described).toContain("/v1/guests/claim");
  });

  test("a contract's wallet logs in by ERC-1271", async () => {
    const text = await message({ address: "0x00000000000000000000000000000000000000C1" });
    expect((await ask("/v1/login", undefined, { message: text, signature: "0x1234" })).status).toBe(200);
    const eoa = await message({ address: other.address });
    expect((await ask("/v1/login", undefined, { message: eoa, signature: "0x1234" })).status).toBe(401);
  });

  test("a login that is played again is refused, after a restart too", async () => {
    const text = await message();
    expect((await logIn(text)).status).toBe(200);
    expect((await logIn(text)).status).toBe(401);
    await server.close();
    await pool.close();
    await start();
    expect((await logIn(text)).status).toBe(401);
  });

  const stale: readonly (readonly [string, object])[] = [
    ["another domain", { domain: "evil.example", uri: "https://evil.example/" }],
    ["another chain", { chainId: 1 }],
    ["an old message", { issuedAt: new Date(Date.now() - 600_000) }],
    ["an expired message", { expirationTime: new Date(Date.now() - 1_000) }],
    ["a nonce of somebody's own", { nonce: "0123456789abcdef0123456789" }],
    ["another account's message", { address: admin.address }],
  ];
  test.each(stale)("refuses a login with %s", async (_, change) => {
    const { status, json } = await logIn(await message(change));
    expect([status, json["error"]]).toEqual([401, expect.objectContaining({ code: "LOGIN_REFUSED" })]);
  });

  test("a guest's quota of gas ends, and its account is its wallet's once it is claimed", async () => {
    const guest = String((await ask("/v1/guests", undefined, {})).json["token"]);
    const first = await ask("/v1/transactions?wait=final", guest, { to, data: wordOf("guest") });
    expect([first.status, first.json["state"]]).toEqual([202, "final"]);
    expect((await ask("/v1/transactions", guest, { to, data: wordOf("guest, too") })).status).toBe(429);
    const [token, stranger] = [await session(), await session(other)];
    const path = `/v1/transactions/${first.json["id"]}`;
    expect((await ask(path, token)).status).toBe(404);
    expect((await ask("/v1/guests/claim", guest, { guestToken: guest })).status).toBe(403);
    expect((await ask("/v1/guests/claim", token, { guestToken: guest })).status).toBe(200);
    expect((await ask("/v1/guests/claim", stranger, { guestToken: guest })).status).toBe(404);
    expect((await ask(path, token)).status).toBe(200);
    expect((await ask(path, stranger)).status).toBe(404);
    expect((await ask(path, guest)).status).toBe(401);
  });

  test("a header that the client forged does not give it another address", async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 8; index++) {
      const forged = { "x-forwarded-for": `9.9.9.${index}`, "x-real-ip": `9.9.9.${index}`, forwarded: "for=9.9.9.9" };
      statuses.push((await ask("/v1/guests", undefined, {}, forged)).status);
    }
    expect(statuses).toContain(429);
  });

  test("oversize and malformed logins are refused", async () => {
    expect((await ask("/v1/login", undefined, { message: "x".repeat(5_000), signature: "0x12" })).status).toBe(400);
    expect((await ask("/v1/login", undefined, { message: "x", signature: `0x${"00".repeat(600_000)}` })).status).toBe(
      413,
    );
  });

  test("tells a webhook how a job went, signed, again after a failure", async () => {
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`;
    const { json } = await ask("/v1/transactions", KEY, { to, data: wordOf("webhook"), webhook: url });
    for (let tries = 0; deliveries.length < 3 && tries < 500; tries++) await new Promise((r) => setTimeout(r, 20));
    const told = deliveries.map(
      ({ body }) => JSON.parse(body) as { id: string; type: string; transaction: { id: string } },
    );
    expect(new Set(told.map(({ type }) => type))).toEqual(new Set(["transaction.mined", "transaction.final"]));
    expect(told.every(({ transaction }) => transaction.id === json["id"])).toBe(true);
    expect(new Set(told.map(({ id }) => id)).size).toBe(2);
    for (const { headers, body } of deliveries) {
      const signature = String(headers["tributary-signature"]);
      const seconds = Number(/^t=([0-9]+),/.exec(signature)?.[1]);
      expect(signature).toBe(webhookSignature(webhookSecret(SECRET, "game"), seconds, body));
    }
  });

  test.each([
    ["a private address", "http://10.0.0.1/"],
    ["the cloud's metadata", "http://169.254.169.254/latest"],
    ["this machine by IPv6", "http://[::1]/"],
    ["this machine by number", "http://2130706434/"],
    ["another protocol", "file:///etc/passwd"],
    ["a name of nobody", "http://nobody.invalid/"],
  ])("refuses a webhook to %s", async (_, webhook) => {
    const { status, json } = await ask("/v1/transactions", KEY, { to, data: wordOf("ssrf"), webhook });
    expect([status, json["error"]]).toEqual([400, expect.objectContaining({ code: "WEBHOOK_FORBIDDEN" })]);
    const token = await session(admin).catch(() => KEY);
    if (token !== KEY) expect((await ask("/v1/transactions", token, { to, data: "0x", webhook })).status).toBe(403);
  });
});
