import { forkOf, KNOWN_FORKS } from "@tributary/chain/forks/fork";
import { type ManagerClient, mined } from "@tributary/contracts";
import { forksAbi } from "@tributary/contracts/abi/forks.generated";
import { chainCall } from "./chain-rpc.ts";
import type { ChainView } from "./chain-view.ts";
import { CliError } from "./cli-error.ts";
import type { Network } from "./network.ts";

/** A change of a chain's rules as the mainchain has it. */
export type ForkView = {
  readonly rules: number;
  /** As this version calls it; undefined where it does not know the rules. */
  readonly name: string | undefined;
  /** ISO 8601. */
  readonly at: string;
  readonly state: "announced" | "due" | "cancelled";
};

/** Which members would stop at a change, as they say themselves. */
export type ForkReadiness = {
  readonly nodeId: number;
  /** Rules of its next change; undefined where none is announced or the node does not answer. */
  readonly next: number | undefined;
  readonly ready: boolean | undefined;
};

export type ChainForks = { readonly forks: readonly ForkView[]; readonly members: readonly ForkReadiness[] };

export async function chainForks(client: ManagerClient, network: Network, chain: ChainView): Promise<ChainForks> {
  const entries = await client.readContract({
    address: network.contracts.Forks,
    abi: forksAbi,
    functionName: "forksOf",
    args: [BigInt(chain.chainId)],
  });
  const now = Date.now() / 1000;
  const forks = entries.map(
    ({ rules, time, cancelled }): ForkView => ({
      rules,
      name: forkOf(KNOWN_FORKS, rules)?.name,
      at: new Date(Number(time) * 1000).toISOString(),
      state: cancelled ? "cancelled" : Number(time) > now ? "announced" : "due",
    }),
  );
  return { forks, members: await Promise.all(chain.members.map(readiness)) };
}

async function readiness({ nodeId, rpc }: ChainView["members"][number]): Promise<ForkReadiness> {
  try {
    const { nextFork } = (await chainCall(rpc, "tributary_status")) as {
      readonly nextFork: { readonly rules: number; readonly known: boolean } | null;
    };
    return { nodeId, next: nextFork?.rules, ready: nextFork?.known };
  } catch {
    return { nodeId, next: undefined, ready: undefined };
  }
}

/** Seconds since 1970 of `2026-12-01T12:00:00Z`, of `+3600` (from now), or of a number of seconds. */
export function forkTime(text: string, now: number = Date.now()): number {
  const time = /^\+[0-9]{1,9}$/.test(text)
    ? Math.ceil(now / 1000) + Number(text)
    : /^[0-9]{1,11}$/.test(text)
      ? Number(text)
      : Math.floor(Date.parse(text) / 1000);
  if (Number.isSafeInteger(time) && time > 0) return time;
  throw new CliError(
    "TIME_INVALID",
    `"${text}" is no time: an ISO 8601 date, seconds since 1970, or +seconds from now`,
  );
}

/** Announces other rules from `time` (seconds) on. */
export async function scheduleFork(
  client: ManagerClient,
  network: Network,
  chainId: number,
  rules: number,
  time: number,
): Promise<void> {
  const hash = await client.writeContract({
    address: network.contracts.Forks,
    abi: forksAbi,
    functionName: "schedule",
    args: [BigInt(chainId), rules, BigInt(time)],
  });
  await mined(client, "the announcement", hash);
}

/** Takes the last announcement back. */
export async function cancelFork(client: ManagerClient, network: Network, chainId: number): Promise<void> {
  const hash = await client.writeContract({
    address: network.contracts.Forks,
    abi: forksAbi,
    functionName: "cancel",
    args: [BigInt(chainId)],
  });
  await mined(client, "the cancellation", hash);
}
