import { type ChainState, chainStates, type ManagerClient } from "@tributary/contracts";
import { chainsAbi } from "@tributary/contracts/abi/chains.generated";
import { committeesAbi } from "@tributary/contracts/abi/committees.generated";
import { keyGenerationAbi } from "@tributary/contracts/abi/key-generation.generated";
import { nodesAbi } from "@tributary/contracts/abi/nodes.generated";
import { type ChainStatus, chainStatus } from "./chain-rpc.ts";
import { CliError } from "./cli-error.ts";
import type { Network } from "./network.ts";

/** A chain as the mainchain and its members tell it. */
export type ChainView = {
  /** Below 2^53 by the manager's rule. */
  readonly chainId: number;
  readonly name: string;
  readonly state: ChainState;
  readonly owner: string;
  readonly slots: number;
  readonly members: readonly { readonly nodeId: number; readonly rpc: string }[];
  /** Members that the owner asked for, while the committee is not there yet. */
  readonly resizing: number | undefined;
  /** The newest one's; its era may be yet to begin. */
  readonly groupPublicKey: string | undefined;
  readonly era: number;
  /** ISO 8601; when the paid time ends. */
  readonly paidUntil: string | undefined;
  /** Rent in escrow, smallest token unit. */
  readonly escrow: bigint;
  /** What the members say; undefined when the chain has none or none answers. */
  readonly live: ChainStatus | undefined;
};

/** All chains ever rented, oldest first; ended ones only when `all`. */
export async function listChains(client: ManagerClient, network: Network, all: boolean): Promise<readonly ChainView[]> {
  const chains = { address: network.contracts.Chains, abi: chainsAbi } as const;
  const count = await client.readContract({ ...chains, functionName: "chainCount" });
  const views: ChainView[] = [];
  for (let nonce = 1n; nonce <= count; nonce++) {
    const chainId = await client.readContract({ ...chains, functionName: "chainAt", args: [nonce] });
    const view = await viewChain(client, network, chainId);
    if (all || !isOver(view.state)) views.push(view);
  }
  return views;
}

export function isOver(state: ChainState): boolean {
  return state === "expired" || state === "deleted" || state === "failed";
}

/** By chain id, or by name (the newest of that name). */
export async function findChain(client: ManagerClient, network: Network, idOrName: string): Promise<ChainView> {
  if (/^[0-9]{1,20}$/.test(idOrName)) {
    const view = await viewChain(client, network, BigInt(idOrName));
    if (view.state !== "none") return view;
  } else {
    const found = (await listChains(client, network, true)).filter(({ name }) => name === idOrName).at(-1);
    if (found !== undefined) return found;
  }
  throw new CliError("CHAIN_UNKNOWN", `there is no chain ${idOrName}`);
}

export async function viewChain(client: ManagerClient, network: Network, chainId: bigint): Promise<ChainView> {
  const { contracts } = network;
  const chain = await client.readContract({
    address: contracts.Chains,
    abi: chainsAbi,
    functionName: "chainOf",
    args: [chainId],
  });
  const [resizing] = await client.readContract({
    address: contracts.Chains,
    abi: chainsAbi,
    functionName: "resizeOf",
    args: [chainId],
  });
  const nodeIds = await client.readContract({
    address: contracts.Committees,
    abi: committeesAbi,
    functionName: "committeeOf",
    args: [chainId],
  });
  const members = await Promise.all(
    nodeIds.map(async (nodeId) => {
      const node = await client.readContract({
        address: contracts.Nodes,
        abi: nodesAbi,
        functionName: "nodeOf",
        args: [nodeId],
      });
      return { nodeId, rpc: `${node.rpc}/chains/${chainId}` };
    }),
  );
  const [, , groupKey] = await client.readContract({
    address: contracts.KeyGeneration,
    abi: keyGenerationAbi,
    functionName: "keyOf",
    args: [chainId],
  });
  const state = chainStates[chain.state] ?? "none";
  const live = state === "running" || state === "paused" ? await chainStatus(members.map(({ rpc }) => rpc)) : undefined;
  return {
    chainId: Number(chainId),
    name: chain.name,
    state,
    owner: chain.owner,
    slots: chain.slots,
    members,
    resizing: resizing === 0 ? undefined : resizing,
    groupPublicKey: groupKey === "0x" ? undefined : groupKey,
    era: chain.era,
    paidUntil: chain.end === 0n ? undefined : new Date(Number(chain.end) * 1000).toISOString(),
    escrow: chain.escrow,
    live,
  };
}
