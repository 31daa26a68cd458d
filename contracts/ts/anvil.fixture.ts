import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A real mainchain for one test file, on a port of its own. */
export class Anvil {
  readonly rpc: string;
  readonly #child: ChildProcess;

  private constructor(rpc: string, child: ChildProcess) {
    this.rpc = rpc;
    this.#child = child;
  }

  static start(...options: readonly string[]): Promise<Anvil> {
    const require = createRequire(import.meta.url);
    const bin = join(dirname(require.resolve("@foundry-rs/anvil-linux-amd64/package.json")), "bin", "anvil");
    const child = spawn(bin, ["--port", "0", "--hardfork", "prague", ...options], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    return new Promise((resolve, reject) => {
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString("utf8")).slice(-10_000);
        const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
        if (port !== undefined) resolve(new Anvil(`http://127.0.0.1:${port}`, child));
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error("anvil ended before it listened")));
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}
