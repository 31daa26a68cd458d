import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Address, type Hex, keccak256, numberToHex, pad, toHex } from "viem";

/** anvil's ten accounts come from it. */
export const MNEMONIC = "test test test test test test test test test test test junk";

/**
 * Adds 1 to the storage slot that the calldata's first word names, and reverts with nothing when it is 0:
 * `if (!word) revert(); storage[word] += 1`.
 */
const COUNTER = "5f358015600f5780546001019055005b5f5ffd";

/** A real chain for one test file, on a port of its own. */
export class Anvil {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get rpc(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static start(...options: readonly string[]): Promise<Anvil> {
    const require = createRequire(import.meta.url);
    const bin = join(dirname(require.resolve("@foundry-rs/anvil-linux-amd64/package.json")), "bin", "anvil");
    const port = options.includes("--port") ? [] : ["--port", "0"];
    const child = spawn(bin, [...port, "--hardfork", "prague", ...options], { stdio: ["ignore", "pipe", "ignore"] });
    return new Promise((resolve, reject) => {
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString("utf8")).slice(-10_000);
        const found = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
        if (found !== undefined) resolve(new Anvil(Number(found), child));
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error("anvil ended before it listened")));
    });
  }

  async call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const response = await fetch(this.rpc, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const answer = (await response.json()) as {
      readonly result?: unknown;
      readonly error?: { readonly message: string };
    };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }

  async mine(blocks = 1): Promise<void> {
    await this.call("anvil_mine", numberToHex(blocks));
  }

  /** A fresh counter contract. */
  async counter(): Promise<Address> {
    const address: Address = "0x00000000000000000000000000000000000c0de0";
    await this.call("anvil_setCode", address, `0x${COUNTER}`);
    return address;
  }

  /** How often the word was counted. */
  async counted(counter: Address, word: Hex): Promise<number> {
    return Number(await this.call("eth_getStorageAt", counter, word, "latest"));
  }

  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    await gone;
  }
}

/** The counter's word for a name. */
export function wordOf(name: string): Hex {
  return keccak256(toHex(name));
}

export const ZERO_WORD: Hex = pad("0x", { size: 32 });
