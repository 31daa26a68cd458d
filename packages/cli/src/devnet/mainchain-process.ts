import type { ChildProcess } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { writeAtomically } from "../atomic-file.ts";
import { CliError, reasonOf } from "../cli-error.ts";
import { endChild, spawnGuarded } from "./guarded-child.ts";

/** The well-known mnemonic of development chains: its keys are public. */
export const MNEMONIC = "test test test test test test test test test test test junk";
export const MAINCHAIN_ID = 31337;

/** Milliseconds between two looks at the pool of waiting transactions. */
const LOOK_MS = 100;
/**
 * Milliseconds between blocks without transactions: soon after one with some (its confirmation), while the network is
 * busy, and at rest. Blocks keep coming because committees are drawn from blocks that lie ahead.
 */
const CONFIRM_MS = 500;
const BUSY_MS = 1_000;
const REST_MS = 4_000;
const CONFIRM_FOR_MS = 5_000;
const BUSY_FOR_MS = 30_000;
/** At rest, saving the state takes at most this part of the time: the state grows with every block. */
const SAVE_SHARE = 20;
const START_TIMEOUT_MS = 15_000;
const RESPAWN_MS = 1_000;

type Options = {
  readonly data: string;
  readonly port: number;
  /** Told when the program died by itself and when it is back. */
  readonly onEvent: (event: { readonly kind: "died" | "respawned"; readonly pid: number }) => void;
  readonly onError: (reason: string) => void;
};

/**
 * The mainchain of a development network: anvil, whose blocks are made here, one by one, each saved to disk before the
 * next one. So what lies one block below the head survives the sudden death of everything.
 */
export class MainchainProcess {
  readonly rpc: string;
  readonly #options: Options;
  readonly #stateFile: string;
  #child: ChildProcess | undefined;
  #stopping = false;
  #mining: Promise<void> | undefined;
  #id = 0;
  #lastBlock = 0;
  #lastTransaction = 0;
  #saveMs = 0;

  constructor(options: Options) {
    this.#options = options;
    this.rpc = `http://127.0.0.1:${options.port}`;
    this.#stateFile = join(options.data, "state.json.gz");
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** A state of an earlier run is there. */
  get hasState(): boolean {
    return existsSync(this.#stateFile);
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    await this.#spawn();
    this.#mining = this.#mineOn();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#mining;
    if (this.#child !== undefined) await endChild(this.#child, "SIGTERM", 3_000);
    await rm(join(this.#options.data, "load.json"), { force: true });
  }

  async #spawn(): Promise<void> {
    const { data, port } = this.#options;
    await mkdir(data, { recursive: true });
    const parameters = ["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(MAINCHAIN_ID)];
    // Ethereum's own. anvil loses transactions that wait behind one that a full block left out.
    parameters.push("--gas-limit", "60000000");
    parameters.push("--hardfork", "prague", "--mnemonic", MNEMONIC, "--accounts", "10", "--balance", "1000000");
    // `finalized` is two blocks below the head then, `safe` one: both are on disk before they are called so.
    parameters.push("--no-mining", "--slots-in-an-epoch", "1", "--prune-history", "256", "--quiet");
    if (this.hasState) {
      const load = join(data, "load.json");
      await writeAtomically(load, gunzipSync(await readFile(this.#stateFile)));
      parameters.push("--load-state", load);
    }
    const log = openSync(join(data, "anvil.log"), "a");
    const child = spawnGuarded(anvilPath(), parameters, { stdout: log, stderr: log });
    this.#child = child;
    let ended: string | undefined;
    child.once("error", (error) => {
      ended = error.message;
    });
    child.once("exit", (code, signal) => {
      ended ??= `anvil ended (${signal ?? code}), see ${join(data, "anvil.log")}`;
      if (!this.#stopping) this.#options.onEvent({ kind: "died", pid: child.pid ?? 0 });
    });
    const until = Date.now() + START_TIMEOUT_MS;
    while (true) {
      if (ended !== undefined) throw new CliError("MAINCHAIN_START", ended);
      try {
        await this.#call("eth_chainId");
        return;
      } catch (error) {
        if (Date.now() > until) throw new CliError("MAINCHAIN_START", "anvil does not answer", { cause: error });
        await sleep(30);
      }
    }
  }

  async #mineOn(): Promise<void> {
    while (!this.#stopping) {
      try {
        if (this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
          await this.#mineWhenDue();
          await sleep(LOOK_MS);
        } else {
          await sleep(RESPAWN_MS);
          if (this.#stopping) return;
          await this.#spawn();
          this.#options.onEvent({ kind: "respawned", pid: this.pid });
        }
      } catch (error) {
        if (!this.#stopping) this.#options.onError(reasonOf(error));
        await sleep(RESPAWN_MS);
      }
    }
  }

  async #mineWhenDue(): Promise<void> {
    const pool = (await this.#call("txpool_status")) as { readonly pending: string };
    const waiting = Number(pool.pending) > 0;
    const now = Date.now();
    if (waiting) this.#lastTransaction = now;
    const quiet = now - this.#lastTransaction;
    const rest = Math.max(REST_MS, SAVE_SHARE * this.#saveMs);
    const due = quiet < CONFIRM_FOR_MS ? CONFIRM_MS : quiet < BUSY_FOR_MS ? BUSY_MS : rest;
    if (!waiting && now - this.#lastBlock < due) return;
    await this.#call("evm_mine");
    this.#lastBlock = now;
    await this.#save();
  }

  async #save(): Promise<void> {
    const started = performance.now();
    const dump = await this.#call("anvil_dumpState");
    if (typeof dump !== "string") throw new CliError("MAINCHAIN_STATE", "anvil gave no state");
    await writeAtomically(this.#stateFile, Buffer.from(dump.slice(2), "hex"));
    this.#saveMs = performance.now() - started;
  }

  async #call(method: string): Promise<unknown> {
    const response = await fetch(this.rpc, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++this.#id, method, params: [] }),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json()) as { readonly result?: unknown; readonly error?: { message: string } };
    if (answer.error !== undefined) throw new CliError("MAINCHAIN_RPC", `${method}: ${answer.error.message}`);
    return answer.result;
  }
}

/** The native program of this checkout (its wrapper package leaves orphans), or the one on the PATH. */
function anvilPath(): string {
  const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve(`@foundry-rs/anvil-${platform}/package.json`)), "bin", "anvil");
  } catch {
    return "anvil";
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
