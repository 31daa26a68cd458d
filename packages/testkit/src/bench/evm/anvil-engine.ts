import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { CALL_GAS, CHAIN_ID, DEPLOY_GAS, DEPLOYER, type Engine, RICH, type Timed } from "./engine.ts";

/** An engine behind HTTP: what a call costs without any work is measured, to be taken off. */
export type RemoteEngine = Engine & { readonly emptyCall: () => Promise<number> };

class Rpc {
  readonly #url: string;
  #id = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++this.#id, method, params }),
    });
    const answer = (await response.json()) as { readonly result: T; readonly error?: { readonly message: string } };
    if (answer.error !== undefined) throw new Error(`anvil: ${method}: ${answer.error.message}`);
    return answer.result;
  }
}

/** The platform's binary: npm's script around it would add a process. */
async function start(): Promise<{ readonly child: ChildProcess; readonly rpc: Rpc }> {
  const require = createRequire(import.meta.url);
  const bin = join(dirname(require.resolve("@foundry-rs/anvil-linux-amd64/package.json")), "bin", "anvil");
  const limits = ["--gas-limit", String(CALL_GAS), "--gas-price", "0", "--block-base-fee-per-gas", "0"];
  const fixed = ["--port", "0", "--hardfork", "prague", "--chain-id", String(CHAIN_ID), "--accounts", "1"];
  // Without a look at each instruction for messages of console.sol.
  const child = spawn(bin, [...fixed, ...limits, "--auto-impersonate", "--disable-console-log"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-10_000);
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error("anvil ended before it listened")));
  });
  return { child, rpc: new Rpc(url) };
}

async function receiptOf(rpc: Rpc, hash: string): Promise<{ readonly status: string }> {
  for (let tries = 0; tries < 1000; tries++) {
    const receipt = await rpc.call<{ readonly status: string } | null>("eth_getTransactionReceipt", hash);
    if (receipt !== null) return receipt;
    await sleep(10);
  }
  throw new Error("anvil: a transaction is not mined");
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

/** foundry's anvil by `eth_call`: revm, natively compiled. */
export async function anvilEngine(): Promise<RemoteEngine> {
  const { child, rpc } = await start();
  const from = toHex(DEPLOYER);
  const call = async (to: string, data: string): Promise<Timed> => {
    const begun = performance.now();
    const output = await rpc.call<string>("eth_call", { from, to, data, gas: toQuantity(CALL_GAS) }, "latest");
    const milliseconds = performance.now() - begun;
    return { output: fromHex(output) ?? new Uint8Array(0), milliseconds };
  };
  try {
    await rpc.call("anvil_setBalance", from, toQuantity(RICH));
  } catch (error) {
    await stop(child);
    throw error;
  }
  return {
    name: "anvil",
    deploy: async (code, nonce) => {
      const transaction = { from, data: toHex(code), gas: toQuantity(DEPLOY_GAS), nonce: toQuantity(nonce) };
      const hash = await rpc.call<string>("eth_sendTransaction", { ...transaction, gasPrice: "0x0" });
      if ((await receiptOf(rpc, hash)).status !== "0x1") throw new Error("anvil: a deployment failed");
    },
    call: (to, input) => call(toHex(to), toHex(input)),
    emptyCall: async () => (await call(from, "0x")).milliseconds,
    close: () => stop(child),
  };
}

function toQuantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}
