import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";

/** A real anvil for one test; mines only when told to. */
export class Anvil {
  readonly rpc: string;
  readonly #child: ChildProcess;
  #id = 0;

  private constructor(port: number, child: ChildProcess) {
    this.rpc = `http://127.0.0.1:${port}`;
    this.#child = child;
  }

  static async start(options: readonly string[] = ["--no-mining"]): Promise<Anvil> {
    const require = createRequire(import.meta.url);
    const bin = join(dirname(require.resolve("@foundry-rs/anvil-linux-amd64/package.json")), "bin", "anvil");
    const port = await freePort();
    const fixed = ["--host", "127.0.0.1", "--port", String(port), "--hardfork", "prague", "--quiet"];
    const child = spawn(bin, [...fixed, ...options], { stdio: "ignore" });
    const anvil = new Anvil(port, child);
    for (let tries = 0; ; tries++) {
      try {
        await anvil.call("eth_chainId");
        return anvil;
      } catch (error) {
        if (tries > 600) throw error;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  }

  async call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    const response = await fetch(this.rpc, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++this.#id, method, params }),
    });
    const answer = (await response.json()) as { readonly result: T; readonly error?: { readonly message: string } };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }

  async mine(blocks = 1): Promise<void> {
    for (let i = 0; i < blocks; i++) await this.call("evm_mine");
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
