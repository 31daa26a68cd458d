import type { MemberStatus } from "@tributary/protocol/ports/member-host";
import { CliError } from "./cli-error.ts";

const TIMEOUT_MS = 5_000;

/** What `tributary_status` says. */
export type ChainStatus = {
  readonly status: MemberStatus;
  readonly height: number;
  readonly membersUp: number;
  readonly quorum: number;
  readonly since: number;
  /** Members that say that their keys do not sign now: places in the list of those who were asked. */
  readonly notSigning: readonly number[];
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

/**
 * What members say: the first one that runs, else the first that answers at all; undefined where none does. A member
 * whose keys are away knows that of itself only.
 */
export async function chainStatus(urls: readonly string[]): Promise<ChainStatus | undefined> {
  const answers = await Promise.all(urls.map(statusOf));
  const found = answers.flatMap((answer) => answer ?? []);
  const best = found.find(({ status }) => status === "running") ?? found[0];
  if (best === undefined) return undefined;
  const notSigning = answers.flatMap((answer, index) => (answer === undefined || answer.signs ? [] : [index]));
  const { signs: _, ...status } = best;
  return { ...status, notSigning };
}

/** undefined where the member is away. */
async function statusOf(
  url: string,
): Promise<(Omit<ChainStatus, "notSigning"> & { readonly signs: boolean }) | undefined> {
  const answer = await chainCall(url, "tributary_status").catch(() => undefined);
  if (typeof answer !== "object" || answer === null) return undefined;
  const fields = answer as Readonly<Record<string, unknown>>;
  return {
    status: fields["status"] as ChainStatus["status"],
    height: Number(fields["height"]),
    membersUp: Number(fields["membersUp"]),
    quorum: Number(fields["quorum"]),
    since: Number(fields["since"]),
    signs: !["away", "refused", "silent"].includes(String(fields["signing"])),
  };
}
