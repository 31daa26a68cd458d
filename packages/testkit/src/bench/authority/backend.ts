// One backend under test, in a process of its own: an HTTP server whose every POST puts one count on the chain and
// answers when it is mined. Its plan comes as JSON in the argument; it prints its port.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { AuthorityServer, createSigningPool, LocalSigner, PoolMetrics } from "@tributary/authority";
import { JsonRpcProvider, type TransactionResponse, Wallet } from "ethers";

export type BackendPlan = {
  readonly kind: "naive" | "queue" | "pool";
  readonly rpcUrl: readonly string[];
  readonly mnemonic: string;
  /** Secret key of the single signer. */
  readonly key: `0x${string}`;
  readonly signers: number;
  readonly maxInFlight?: number;
  readonly store: string;
  readonly apiKey: string;
};

type Call = { readonly to: string; readonly data: string };

const plan = JSON.parse(process.argv[2] ?? "") as BackendPlan;

async function bodyOf(request: IncomingMessage): Promise<Call> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString("utf8")) as Call;
}

/** The controller that everybody writes first: one wallet, whatever comes is sent at once. */
function naive(wallet: Wallet): (call: Call) => Promise<void> {
  return async (call) => {
    const sent: TransactionResponse = await wallet.sendTransaction(call);
    await sent.wait();
  };
}

/** One after the other: the next is sent when the one before is mined. */
function queued(wallet: Wallet): (call: Call) => Promise<void> {
  const send = naive(wallet);
  let last: Promise<void> = Promise.resolve();
  return (call) => {
    const done = last.then(() => send(call));
    last = done.catch(() => undefined);
    return done;
  };
}

async function serve(carryOut: (call: Call) => Promise<void>): Promise<number> {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then(carryOut)
      .then(
        () => response.writeHead(200).end("{}"),
        () => response.writeHead(500).end("{}"),
      );
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, resolve));
  return (server.address() as AddressInfo).port;
}

async function servePool(): Promise<number> {
  const { signers: size, maxInFlight, mnemonic, rpcUrl, store, apiKey, key } = plan;
  const one = size === 1 ? { signers: [LocalSigner.fromHex(key)] } : { mnemonic };
  const more = maxInFlight === undefined ? {} : { maxInFlight };
  const pool = await createSigningPool({ ...one, ...more, rpcUrl, size, store, confirmations: 1, pollMs: 100 });
  const keySha256 = createHash("sha256").update(apiKey).digest("hex");
  const rate = { ratePerSecond: 1_000_000, burst: 1_000_000, maxValue: 0n };
  const server = await AuthorityServer.start({
    pool,
    metrics: new PoolMetrics(),
    callers: [{ name: "bench", keySha256, ...rate }],
    host: "127.0.0.1",
    port: 0,
  });
  return server.port;
}

function single(): Wallet {
  const provider = new JsonRpcProvider(plan.rpcUrl[0], undefined, { pollingInterval: 100 });
  return new Wallet(plan.key, provider);
}

async function port(): Promise<number> {
  if (plan.kind === "pool") return await servePool();
  return await serve(plan.kind === "naive" ? naive(single()) : queued(single()));
}

process.stdout.write(`${await port()}\n`);
