// A page in a browser, built with wagmi, whose visitor has a wallet that has never heard of the chain: the page adds it,
// connects, and sends a transfer. The gateway is behind TLS, as README.md shows it, and asked without it what became of
// the transfer.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Gateway } from "@tributary/node/gateway/gateway";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { call } from "@tributary/testkit/devnet/rpc";
import pino from "pino";
import type { Browser, Page } from "playwright-core";
import { formatEther, parseEther } from "viem";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startChromium } from "./browser/chromium.ts";
import { findProgram } from "./browser/find-program.ts";
import { PageServer } from "./browser/page-server.ts";
import { TlsProxy } from "./browser/tls-proxy.ts";
import { Project } from "./project.ts";

const root = resolve(import.meta.dirname, "..");
const RECIPIENT = "0x00000000000000000000000000000000000B0B00";
const AMOUNT = "0.125";
const WAIT_MS = 30_000;

const isInstalled = findProgram("chromium") !== undefined && findProgram("nginx") !== undefined;
if (!isInstalled) process.stderr.write("SKIPPED: pages in a browser need Debian's packages chromium and nginx-light\n");

/** The wallet as a script that a page runs first. */
async function walletScript(privateKey: string): Promise<string> {
  const entry = join(root, "e2e/browser/wallet.ts");
  const built = await build({
    root,
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry, name: "TestWallet", formats: ["iife"] } },
  });
  const [bundle] = [built].flat();
  if (bundle === undefined || !("output" in bundle)) throw new Error("the wallet was not built");
  return `${bundle.output[0].code}\nTestWallet.installWallet(${JSON.stringify(privateKey)});`;
}

// Skipped where Debian's packages are missing; .ci/run installs them, and there they must not be missing.
describe.skipIf(!isInstalled && process.env["CI"] === undefined)("a page in Chromium", () => {
  let devnet: Devnet;
  let gateway: Gateway;
  let server: PageServer;
  let project: Project;
  let browser: Browser;
  let page: Page;
  let proxy: TlsProxy;
  /** The gateway, and the gateway behind TLS. */
  let url: string;
  let secure: string;
  const screenshots = mkdtempSync(join(tmpdir(), "tributary-screenshots-"));
  const complaints: string[] = [];
  const sockets: string[] = [];

  beforeAll(async () => {
    // One after the other: what has started when the next one fails is known, and stopped.
    browser = await startChromium();
    project = await Project.install("wagmi");
    devnet = await Devnet.start({ nodes: 4 });
    const { chainId } = devnet.info.chains[0]!;
    server = await PageServer.start(join(project.folder, "dist"));
    // A devnet's own gateway lets every page in; this one is as in production: only the page that it names.
    gateway = new Gateway({
      logger: pino({ level: "silent" }),
      cors: [origin("127.0.0.1")],
      trustedProxies: ["127.0.0.1"],
    });
    const members = devnet.info.nodes.map(({ rpc }) => rpc);
    gateway.setChain(BigInt(chainId), members);
    const { port } = await gateway.start({ port: 0 });
    url = `http://127.0.0.1:${port}/chains/${chainId}`;
    proxy = await TlsProxy.start(port);
    secure = `https://127.0.0.1:${proxy.port}/chains/${chainId}`;
    const env = { VITE_CHAIN_ID: String(chainId), VITE_RPC_URL: secure, VITE_WS_URL: secure.replace(/^http/, "ws") };
    await project.run(join(root, "node_modules/.bin/vite"), ["build"], { env });
    page = await newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("websocket", (socket) => sockets.push(socket.url()));
    await page.addInitScript({ content: await walletScript(devnet.info.accounts[4]!.privateKey) });
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.stop();
    await gateway?.stop();
    await server?.stop();
    project?.dispose();
    await devnet?.dispose();
    if (process.env["KEEP_SCREENSHOTS"] === undefined) rmSync(screenshots, { recursive: true, force: true });
    else process.stderr.write(`screenshots: ${screenshots}\n`);
  });

  // Nobody signed the proxy's certificate.
  const newPage = (): Promise<Page> => browser.newPage({ ignoreHTTPSErrors: true });
  const origin = (host: string): string => `http://${host}:${server.port}`;
  const shown = (name: string, text: string): Promise<void> =>
    page.locator(`[data-testid=${name}]`, { hasText: text }).waitFor();
  const balanceOf = async (address: string): Promise<bigint> =>
    BigInt(await call<string>(url, "eth_getBalance", address, "latest"));

  test("adds the chain to a wallet and sends a transfer of exactly what was asked, for nothing", async () => {
    const { address } = devnet.info.accounts[4]!;
    const { chainId } = devnet.info.chains[0]!;
    const before = { sender: await balanceOf(address), recipient: await balanceOf(RECIPIENT) };
    await page.goto(origin("127.0.0.1"));
    await page.getByRole("button", { name: "Connect Test wallet" }).click();
    await shown("account", address);
    await shown("chain", "1");
    await page.getByRole("button", { name: "Add Tributary devnet" }).click();
    await shown("chain", String(chainId));
    await shown("balance", formatEther(before.sender));

    await page.getByLabel("Recipient").fill(RECIPIENT);
    await page.getByLabel("Amount").fill(AMOUNT);
    await page.getByRole("button", { name: "Send" }).click();
    await shown("status", "success");
    await shown("balance", formatEther(before.sender - parseEther(AMOUNT)));
    await page.screenshot({ path: join(screenshots, "transfer.png"), fullPage: true });

    const hash = await page.getByTestId("hash").innerText();
    const receipt = await call<Readonly<Record<string, string>>>(url, "eth_getTransactionReceipt", hash);
    expect(receipt).toMatchObject({ status: "0x1", effectiveGasPrice: "0x0", from: address.toLowerCase() });
    expect(Number(receipt["blockNumber"])).toBe(Number(await page.getByTestId("mined").innerText()));
    expect((await balanceOf(RECIPIENT)) - before.recipient).toBe(parseEther(AMOUNT));
    expect(before.sender - (await balanceOf(address))).toBe(parseEther(AMOUNT));
    expect(complaints).toEqual([]);
    expect(sockets).toContain(secure.replace(/^http/, "ws"));
  });

  test("a page of another origin is not let in, by HTTP nor by WebSocket", async () => {
    const visitor = await newPage();
    const asked = async (host: string): Promise<unknown> => {
      await visitor.goto(origin(host));
      return await visitor.evaluate(
        async ({ http, ws }) => {
          const body = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';
          const posted = await fetch(http, { method: "POST", headers: { "content-type": "application/json" }, body })
            .then((response) => response.status)
            .catch((error: Error) => error.name);
          const socket = new WebSocket(ws);
          const opened = await new Promise((done) => {
            socket.onopen = () => done("open");
            socket.onerror = () => done("refused");
          });
          socket.close();
          return { posted, opened };
        },
        { http: secure, ws: secure.replace(/^http/, "ws") },
      );
    };
    expect(await asked("127.0.0.1")).toEqual({ posted: 200, opened: "open" });
    expect(await asked("localhost")).toEqual({ posted: "TypeError", opened: "refused" });
    await visitor.close();
  });
});
