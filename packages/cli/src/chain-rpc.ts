import { CliError } from "./cli-error.ts";

const TIMEOUT_MS = 5_000;

/** What `tributary_status` says. */
export type ChainStatus = {
  readonly status: "running" | "paused" | "syncing" | "recovery" | "expired";
  readonly height: number;
  readonly membersUp: number;
  readonly quorum: number;
  readonly since: number;
};

/** One JSON-RPC call over HTTP. Throws CliError with the server's words. */
export async function chainCall(url: string, method: string, ...params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = (await response.json()) as {
    readonly result?: unknown;
    readonly error?: { readonly message: string };
  };
  if (answer.error !== undefined) throw new CliError("RPC_ERROR", `${method}: ${answer.error.message}`);
  return answer.result;
}

/** The first member's word that can be had; undefined while none answers. */
export async function chainStatus(urls: readonly string[]): Promise<ChainStatus | undefined> {
  for (const url of urls) {
    try {
      const status = (await chainCall(url, "tributary_status")) as Record<string, unknown> | null;
      if (status === null || typeof status !== "object") continue;
      return {
        status: status["status"] as ChainStatus["status"],
        height: Number(status["height"]),
        membersUp: Number(status["membersUp"]),
        quorum: Number(status["quorum"]),
        since: Number(status["since"]),
      };
    } catch {
      // This member is away; the next one may answer.
    }
  }
  return undefined;
}
