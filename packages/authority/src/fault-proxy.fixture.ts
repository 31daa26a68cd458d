import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Fault = "none" | "reset-before" | "lost-answer" | "delayed" | "twice" | "rate-limited" | "refused";

/** An endpoint between a pool and a node that treats each request as `faultOf` says. */
export class FaultProxy {
  readonly #server: Server;
  /** Requests that met each fault. */
  readonly met: Map<Fault, number> = new Map();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: string, faultOf: (request: number) => Fault): Promise<FaultProxy> {
    let requests = 0;
    const server = createServer((request, response) => {
      const fault = faultOf(requests++);
      proxy.met.set(fault, (proxy.met.get(fault) ?? 0) + 1);
      serve(target, fault, request, response).catch(() => response.destroy());
    });
    const proxy = new FaultProxy(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get rpc(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function serve(target: string, fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = Buffer.concat(parts).toString("utf8");
  if (fault === "reset-before") {
    response.destroy();
    return;
  }
  if (fault === "rate-limited") {
    response.writeHead(429, { "retry-after": "0.05" }).end();
    return;
  }
  if (fault === "refused") {
    const calls = JSON.parse(body) as readonly { readonly id: number }[];
    const error = { code: -32_603, message: "internal error" };
    response.end(JSON.stringify(calls.map(({ id }) => ({ jsonrpc: "2.0", id, error }))));
    return;
  }
  if (fault === "delayed") await new Promise((resolve) => setTimeout(resolve, 150));
  const forward = async (): Promise<string> => {
    const headers = { "content-type": "application/json" };
    return await (await fetch(target, { method: "POST", headers, body })).text();
  };
  let answer = await forward();
  if (fault === "twice") answer = await forward();
  if (fault === "lost-answer") response.destroy();
  else response.writeHead(200, { "content-type": "application/json" }).end(answer);
}

/** Faults in a fixed share of the requests, in an order that follows from the seed (mulberry32). */
export function seededFaults(seed: number, share: number): (request: number) => Fault {
  const faults: readonly Fault[] = ["reset-before", "lost-answer", "delayed", "twice", "rate-limited", "refused"];
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => (random() < share ? (faults[Math.floor(random() * faults.length)] ?? "none") : "none");
}
