import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const root = resolve(import.meta.dirname, "../../../..");
const START_MS = 120_000;

/** `tributary import-chain` as a process, serving a chain. */
export class ImportedChain {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Resolves once it answers. Rejects where it ends before, with what it said. */
  static async start(folder: string): Promise<ImportedChain> {
    const files = ["--genesis", join(folder, "genesis.json"), "--chain", join(folder, "chain.rlp")];
    const command = [join(root, "packages/cli/src/main.ts"), "import-chain", ...files, "--serve", "0", "--json"];
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"], timeout: 10 * START_MS });
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([
      once(lines, "line", { signal: AbortSignal.timeout(START_MS) }),
      once(child, "exit").then(([code]) => {
        throw new Error(`import-chain ended with ${code}`);
      }),
    ]);
    const { url } = JSON.parse(String(line)) as { readonly url: string };
    return new ImportedChain(url, child);
  }

  /** Sends one request body; the answer as it came. */
  async send(body: string): Promise<unknown> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.url, { method: "POST", headers, body });
    return response.json();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
