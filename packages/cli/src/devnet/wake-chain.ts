import { chainCall, chainStatus } from "../chain-rpc.ts";
import { CliError } from "../cli-error.ts";
import { deployerAccount } from "./accounts.ts";

const LOOK_MS = 150;

/**
 * Waits until a chain shows its first block. A transaction of the devnet's own account wakes it: a chain without any
 * would wait for its heartbeat.
 */
export async function waitForFirstBlock(
  urls: readonly string[],
  chainId: bigint,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  let woken = false;
  while (!signal.aborted) {
    const status = await chainStatus(urls);
    if (status !== undefined && status.height > 0) return;
    if (Date.now() > end) throw new CliError("CHAIN_SILENT", `chain ${chainId} made no block in time`);
    if (status !== undefined && !woken) woken = await wake(urls, chainId);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function wake(urls: readonly string[], chainId: bigint): Promise<boolean> {
  const account = deployerAccount();
  const raw = await account.signTransaction({
    type: "eip1559",
    chainId: Number(chainId),
    nonce: 0,
    to: account.address,
    value: 0n,
    gas: 21_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
  });
  for (const url of urls) {
    try {
      await chainCall(url, "eth_sendRawTransaction", raw);
      return true;
    } catch {
      // The next member, or the next round.
    }
  }
  return false;
}
