import { type Hex, pad, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { DevnetInfo } from "../../devnet/devnet.ts";
import { until } from "../../devnet/processes.ts";
import { call } from "../../devnet/rpc.ts";

/** Adds 1 to the storage slot that the calldata's first word names. */
export const COUNTER_CODE: Hex = "0x60138060095f395ff35f358015600f5780546001019055005b5f5ffd";
const DEPLOYMENT_GAS = 200_000n;

type Receipt = { readonly blockNumber: Hex; readonly status: Hex; readonly contractAddress: Hex };
export type Deployed = { readonly address: Hex; readonly hash: Hex };

/** Deploys the counter with the devnet's first account, and waits until a member has the receipt. */
export async function deployCounter({ chains, accounts }: DevnetInfo): Promise<Deployed> {
  const [chain] = chains;
  const [first] = accounts;
  const url = chain?.rpc[0];
  if (chain === undefined || first === undefined || url === undefined) throw new RangeError("the devnet has no chain");
  const account = privateKeyToAccount(first.privateKey);
  const raw = await account.signTransaction({
    ...{
      chainId: chain.chainId,
      nonce: Number(await call<Hex>(url, "eth_getTransactionCount", account.address, "pending")),
    },
    ...{ gas: DEPLOYMENT_GAS, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, data: COUNTER_CODE },
  });
  const hash = await call<Hex>(url, "eth_sendRawTransaction", raw);
  const found = async () => (await call<Receipt | null>(url, "eth_getTransactionReceipt", hash)) ?? undefined;
  const receipt = await until("the counter", 30_000, found);
  if (receipt.status !== "0x1") throw new RangeError("the counter was not created");
  return { address: receipt.contractAddress, hash };
}

/** Calldata that counts in slot `slot`. */
export function countIn(slot: number): Hex {
  return pad(toHex(slot), { size: 32 });
}
