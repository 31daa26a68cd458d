import { approve, type ManagerClient, mined, recoveryAbi, tributaryTokenAbi } from "@tributary/contracts";
import type { ChainView } from "./chain-view.ts";
import { CliError } from "./cli-error.ts";
import type { Network } from "./network.ts";

/** As the contract numbers them. */
const states = ["none", "challenged", "open", "closed", "done"] as const;
const steps = ["idle", "selecting", "selected", "keygen"] as const;

/** A chain's newest Recovery. */
export type RecoveryView = {
  readonly chainId: string;
  readonly state: (typeof states)[number];
  /** What a closed one is at. */
  readonly step: (typeof steps)[number];
  /** The one that is recovered from. */
  readonly era: number;
  /** When the state can be left by time, ISO 8601; undefined where time does not matter. */
  readonly until: string | undefined;
  /** Highest claims: the heights with the hash of the container header, and D. */
  readonly finalHeight: bigint;
  readonly finalDigest: `0x${string}`;
  readonly orderHeight: bigint;
  readonly orderDigest: `0x${string}`;
  /** Nodes that take part on. */
  readonly standing: readonly number[];
  /** Members of the newest attempt at a key. */
  readonly nodeIds: readonly number[];
  readonly attempt: number;
};

export async function viewRecovery(client: ManagerClient, network: Network, chain: ChainView): Promise<RecoveryView> {
  const contract = { address: network.contracts.Recovery, abi: recoveryAbi, args: [BigInt(chain.chainId)] } as const;
  const [opening, progress] = await Promise.all([
    client.readContract({ ...contract, functionName: "opened" }),
    client.readContract({ ...contract, functionName: "progressOf" }),
  ]);
  const state = states[opening.state] ?? "none";
  const until = state === "closed" ? progress.retryAt : opening.closesAt;
  const waits = state === "challenged" || state === "open" || (state === "closed" && until > 0n);
  return {
    chainId: chain.chainId.toString(),
    state,
    step: steps[progress.step] ?? "idle",
    era: opening.era,
    until: waits ? new Date(Number(until) * 1_000).toISOString() : undefined,
    finalHeight: opening.finalHeight,
    finalDigest: opening.finalDigest,
    orderHeight: opening.orderHeight,
    orderDigest: opening.orderDigest,
    standing: chain.members
      .map(({ nodeId }) => nodeId)
      .filter((_, seat) => ((progress.standing >> BigInt(seat)) & 1n) === 1n),
    nodeIds: progress.nodeIds,
    attempt: progress.attempt,
  };
}

/** What `moveRecovery` did, in words. */
export type RecoveryMove = "challenged" | "opened" | "closed" | "started";

/**
 * Takes the next step that anybody may take; `now` opens at once, which needs the role for it. Throws RECOVERY_WAITS
 * where the members or time are next.
 */
export async function moveRecovery(
  client: ManagerClient,
  network: Network,
  view: RecoveryView,
  now: boolean,
): Promise<RecoveryMove> {
  const chainId = BigInt(view.chainId);
  const contract = { address: network.contracts.Recovery, abi: recoveryAbi, args: [chainId] } as const;
  const call = async (functionName: "challenge" | "open" | "openNow" | "close" | "start"): Promise<void> => {
    await mined(client, functionName, await client.writeContract({ ...contract, functionName }));
  };
  const idle = view.state === "none" || view.state === "done";
  if (now && (idle || view.state === "challenged")) {
    await call("openNow");
    return "opened";
  }
  if (idle) {
    await allowBond(client, network);
    await call("challenge");
    return "challenged";
  }
  if (view.state === "closed" && (view.step === "selecting" || view.step === "keygen")) {
    const what = view.step === "keygen" ? "the members make the key" : "nodes are being drawn";
    throw new CliError("RECOVERY_WAITS", `${what}: nothing to do`);
  }
  if (view.state === "challenged") await call("open");
  else await call(view.state === "open" ? "close" : "start");
  return view.state === "challenged" ? "opened" : view.state === "open" ? "closed" : "started";
}

/** Lets the contract take the bond where it asks this account for one. */
async function allowBond(client: ManagerClient, network: Network): Promise<void> {
  const { bond } = await client.readContract({
    address: network.contracts.Recovery,
    abi: recoveryAbi,
    functionName: "parameters",
  });
  const allowed = await client.readContract({
    address: network.contracts.TributaryToken,
    abi: tributaryTokenAbi,
    functionName: "allowance",
    args: [client.account.address, network.contracts.Recovery],
  });
  if (allowed < bond) await approve(client, network.contracts, network.contracts.Recovery, bond);
}

export function describeRecovery(view: RecoveryView): string {
  const lines = [`recovery       ${view.state}${view.state === "closed" ? `, ${view.step}` : ""}`];
  if (view.state === "none") return lines.join("\n");
  lines.push(`era            ${view.era}`);
  if (view.until !== undefined) lines.push(`until          ${view.until}`);
  lines.push(`final          ${view.finalHeight} ${view.finalDigest}`);
  lines.push(`ordered        ${view.orderHeight} ${view.orderDigest}`);
  if (view.state === "open" || view.state === "closed") lines.push(`standing       ${view.standing.join(",") || "-"}`);
  if (view.nodeIds.length > 0) lines.push(`attempt ${view.attempt}      nodes ${view.nodeIds.join(",")}`);
  return lines.join("\n");
}
