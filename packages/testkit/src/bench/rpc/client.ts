import { Agent, request } from "node:http";

export type Post = { readonly status: number; readonly text: string };

/** Milliseconds after which nobody waits any longer. */
const TIMEOUT_MS = 30_000;

/** JSON-RPC over HTTP on connections that stay open, cheap enough to load a node from the machine that runs it. */
export class RpcPoster {
  readonly #agent: Agent;

  constructor(sockets: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets });
  }

  close(): void {
    this.#agent.destroy();
  }

  post(url: string, body: string): Promise<Post> {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: "POST", agent: this.#agent, headers, timeout: TIMEOUT_MS }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("end", () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") });
        });
        response.once("error", reject);
      });
      sent.once("timeout", () => sent.destroy(new Error("no answer")));
      sent.once("error", reject);
      sent.end(body);
    });
  }
}

export type Asked = { readonly method: string; readonly params: readonly unknown[] };

/** One request, or a batch of them. */
export function bodyOf(calls: readonly Asked[]): string {
  const items = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
  return JSON.stringify(items.length === 1 ? items[0] : items);
}
