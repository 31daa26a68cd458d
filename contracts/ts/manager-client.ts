import {
  type Account,
  type Chain,
  type Client,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type PublicActions,
  type PublicRpcSchema,
  publicActions,
  type TransactionReceipt,
  type Transport,
  type WalletActions,
  type WalletRpcSchema,
} from "viem";

/** A wallet on the mainchain that can also read it. */
export type ManagerClient = Client<
  Transport,
  Chain,
  Account,
  [...PublicRpcSchema, ...WalletRpcSchema],
  PublicActions<Transport, Chain, Account> & WalletActions<Chain, Account>
>;

export class TransactionRevertedError extends Error {
  readonly code = "TRANSACTION_REVERTED";
  readonly hash: Hex;
  constructor(what: string, hash: Hex) {
    super(`${what} was reverted in transaction ${hash}`);
    this.name = "TransactionRevertedError";
    this.hash = hash;
  }
}

/** @param pollingInterval milliseconds between looks for a receipt. */
export async function connectManager(rpc: string, account: Account, pollingInterval = 100): Promise<ManagerClient> {
  const id = Number(await http(rpc)({}).request({ method: "eth_chainId" }));
  const chain = defineChain({
    id,
    name: `mainchain ${id}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpc] } },
  });
  const client = createWalletClient({ account, chain, transport: http(rpc), pollingInterval, cacheTime: 0 });
  return client.extend(publicActions) as ManagerClient;
}

/** Waits for a transaction and refuses a reverted one. */
export async function mined(client: ManagerClient, what: string, hash: Hex): Promise<TransactionReceipt> {
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new TransactionRevertedError(what, hash);
  return receipt;
}
