import { chainsAbi } from "./abi/chains.generated.ts";
import type { TributaryAddresses } from "./addresses.ts";
import { type ManagerClient, mined } from "./manager-client.ts";
import { approve } from "./register-node.ts";

/**
 * Asks for a committee of another size; the client's account must own the chain. Gives what was put into escrow for added
 * seats, which is at most what they cost when this looked; 0 for a smaller committee.
 */
export async function resizeChain(
  client: ManagerClient,
  addresses: TributaryAddresses,
  chainId: bigint,
  members: number,
): Promise<bigint> {
  const chains = { address: addresses.Chains, abi: chainsAbi } as const;
  const rent = await client.readContract({ ...chains, functionName: "resizePrice", args: [chainId, members] });
  if (rent > 0n) await approve(client, addresses, addresses.Chains, rent);
  const hash = await client.writeContract({ ...chains, functionName: "resizeChain", args: [chainId, members, rent] });
  await mined(client, "the request", hash);
  const [, deposit] = await client.readContract({ ...chains, functionName: "resizeOf", args: [chainId] });
  return deposit;
}
