// For users of viem, ethers or any EIP-1193 provider: transactions that need no coin. Needs none of them to run.

import { decodeTransaction } from "@tributary/chain/transaction/decode";
import { recoverAddress } from "@tributary/chain/transaction/recover";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { sealWork, workChallenge } from "@tributary/protocol/gasless/proof-of-work";
import { type MiningOptions, mineWork } from "./mine-work.ts";

/** What the helper uses of a client: viem's clients and EIP-1193 providers have it. */
export type RequestingClient = {
  // biome-ignore lint/suspicious/noExplicitAny: viem's own type admits Ethereum's methods alone
  request(args: { readonly method: any; readonly params?: any }): Promise<unknown>;
};

/** What `tributary_getGasless` says. */
type Terms = { readonly hashesPerGas: number; readonly blockHash: string };

/** A transaction that cannot be sent this way. */
export class GaslessError extends Error {
  readonly code: "NOT_A_TRANSACTION" | "NO_TERMS";

  constructor(code: GaslessError["code"], message: string) {
    super(message);
    this.name = "GaslessError";
    this.code = code;
  }
}

/**
 * Mines a proof of work for a signed transaction and gives both as one, for `eth_sendRawTransaction`. GaslessError
 * where the text is no signed transaction, or the node says nothing of terms.
 */
export async function sealTransaction(
  client: RequestingClient,
  serializedTransaction: string,
  options: MiningOptions = {},
): Promise<`0x${string}`> {
  const raw = fromHex(serializedTransaction);
  if (raw === undefined) throw new GaslessError("NOT_A_TRANSACTION", "not hexadecimal");
  const terms = (await client.request({ method: "tributary_getGasless", params: [] })) as Terms | null;
  const blockHash = fromHex(String(terms?.blockHash));
  const hashesPerGas = Number(terms?.hashesPerGas);
  if (blockHash?.length !== 32 || !Number.isFinite(hashesPerGas)) {
    throw new GaslessError("NO_TERMS", "the node says nothing of proofs of work");
  }
  const chainId = BigInt(String(await client.request({ method: "eth_chainId", params: [] })));
  const decoded = decodeTransaction(raw, chainId);
  if (!decoded.ok) throw new GaslessError("NOT_A_TRANSACTION", decoded.rejection.message);
  const { digest: signingHash, r, s, yParity, nonce, gasLimit } = decoded.transaction;
  const sender = recoverAddress(signingHash, r, s, yParity);
  if (sender === undefined) throw new GaslessError("NOT_A_TRANSACTION", "no such signature");
  const challenge = workChallenge({ chainId, sender, nonce, blockHash, signingHash });
  const counter = await mineWork(challenge, Math.ceil(Number(gasLimit) * hashesPerGas), options);
  return toHex(sealWork(raw, { blockHash, counter }));
}

/** Times that a proof is mined anew because the difficulty rose meanwhile, or its block grew old. */
const MAX_TRIES = 4;

/**
 * Sends a signed transaction; where the node has no room for accounts without history, with a proof of work. Resolves
 * to its hash; throws what the client throws.
 */
export async function sendGasless(
  client: RequestingClient,
  serializedTransaction: string,
  options: MiningOptions = {},
): Promise<string> {
  let sent = serializedTransaction;
  for (let tries = 0; ; tries++) {
    try {
      return String(await client.request({ method: "eth_sendRawTransaction", params: [sent] }));
    } catch (error) {
      if (tries === MAX_TRIES || !/proof of work/.test(wordsOf(error))) throw error;
      sent = await sealTransaction(client, serializedTransaction, options);
    }
  }
}

/** Clients wrap what a node says: viem in `details`, ethers in `info`. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String((error as { readonly message?: unknown } | null)?.message);
  const { details, cause } = error as Error & { readonly details?: unknown };
  return [error.message, typeof details === "string" ? details : "", cause === undefined ? "" : wordsOf(cause)].join(
    " ",
  );
}
