import { Agent, request } from "node:http";

type Answer = { readonly id: number; readonly result?: unknown; readonly error?: { readonly message: string } };

/** JSON-RPC over HTTP from a loopback address of one's own, as members tell their clients apart. */
export class Caller {
  readonly #agent: Agent;

  /** Who calls seldom keeps no connection, which a member would close just when it is wanted. */
  constructor(localAddress: string, maxSockets: number, keepAlive = true) {
    this.#agent = new Agent({ keepAlive, maxSockets, localAddress });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** What a viem client offers, for one member. */
  client(url: string): { request(args: { method: string; params?: readonly unknown[] }): Promise<unknown> } {
    return { request: ({ method, params }) => this.call(url, method, ...(params ?? [])) };
  }

  async call(url: string, method: string, ...params: readonly unknown[]): Promise<unknown> {
    const [answer] = await this.batch(url, [[method, ...params]]);
    if (answer?.error !== undefined) throw new Error(answer.error.message);
    return answer?.result;
  }

  /** Answers in the order of the calls; one of its own where all were refused. */
  async batch(url: string, calls: readonly (readonly unknown[])[]): Promise<readonly Answer[]> {
    const body = calls.map(([method, ...params], id) => ({ jsonrpc: "2.0", id, method, params }));
    const text = await this.#post(url, JSON.stringify(body));
    const parsed = JSON.parse(text) as Answer | readonly Answer[];
    return Array.isArray(parsed) ? parsed : [parsed as Answer];
  }

  #post(url: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const sent = request(url, { method: "POST", agent: this.#agent, headers, timeout: 15_000 }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("end", () => resolve(Buffer.concat(parts).toString("utf8")));
        response.once("error", reject);
      });
      sent.once("timeout", () => sent.destroy(new Error("timeout")));
      sent.once("error", reject);
      sent.end(body);
    });
  }
}
