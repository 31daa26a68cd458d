import { type Address, parseEventLogs } from "viem";
import { chainsAbi } from "./abi/chains.generated.ts";
import type { TributaryAddresses } from "./addresses.ts";
import { type ManagerClient, mined } from "./manager-client.ts";
import { approve } from "./register-node.ts";

/** As the contract numbers them. */
export const chainSizes = { small: 0, medium: 1, large: 2 } as const;
export type ChainSize = keyof typeof chainSizes;

/** States of a chain by their number in the contract. */
export const chainStates = [
  "none",
  "requested",
  "selected",
  "keygen",
  "running",
  "paused",
  "expired",
  "deleted",
  "failed",
] as const;
export type ChainState = (typeof chainStates)[number];

export type ChainOrder = {
  /** 1 to 32 of a-z, 0-9 and '-'. */
  readonly name: string;
  readonly size: ChainSize;
  readonly members: number;
  readonly months: number;
  /** The client's account by default. */
  readonly owner?: Address;
  /** Gas of a block. */
  readonly gasLimit?: bigint;
  /** Bytes of transactions in a container. */
  readonly byteLimit?: number;
  /** Native coin at genesis, wei; only where the deployment allows it. */
  readonly allocation?: readonly { readonly account: Address; readonly balance: bigint }[];
};

export const DEFAULT_GAS_LIMIT = 100_000_000n;
export const DEFAULT_BYTE_LIMIT: number = 4 * 1024 * 1024;

export type CreatedChain = { readonly chainId: bigint; readonly rent: bigint; readonly blockNumber: bigint };

/** Orders a chain and pays its rent from the client's tokens. */
export async function createChain(
  client: ManagerClient,
  addresses: TributaryAddresses,
  order: ChainOrder,
): Promise<CreatedChain> {
  const chains = { address: addresses.Chains, abi: chainsAbi } as const;
  const size = chainSizes[order.size];
  const rent = await client.readContract({
    ...chains,
    functionName: "price",
    args: [size, order.members, order.months],
  });
  await approve(client, addresses, addresses.Chains, rent);
  const creation = {
    name: order.name,
    owner: order.owner ?? client.account.address,
    size,
    members: order.members,
    months: order.months,
    gasLimit: order.gasLimit ?? DEFAULT_GAS_LIMIT,
    byteLimit: order.byteLimit ?? DEFAULT_BYTE_LIMIT,
    allocation: order.allocation ?? [],
  };
  const hash = await client.writeContract({ ...chains, functionName: "createChain", args: [creation, rent] });
  const { logs, blockNumber } = await mined(client, "the chain's creation", hash);
  const [event] = parseEventLogs({ abi: chainsAbi, eventName: "ChainRequested", logs });
  if (event === undefined) throw new Error("a creation without its event");
  return { chainId: event.args.chainId, rent, blockNumber };
}
