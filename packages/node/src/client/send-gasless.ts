// For users of viem, ethers or any EIP-1193 provider: transactions that need no coin. Needs none of them to run.

import { decodeTransaction } from "@tributary/chain/transaction/decode";
import { recoverAddress } from "@tributary/chain/transaction/recover";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { sealWork, type WorkSubject, workChallenge } from "@tributary/protocol/gasless/proof-of-work";
import { type MiningOptions, mineWork } from "./mine-work.ts";

/** What the helper uses of a client: viem's clients and EIP-1193 providers have it. */
export type RequestingClient = {
  // biome-ignore lint/suspicious/noExplicitAny: viem's own type admits Ethereum's methods alone
  request(args: { readonly method: any; readonly params?: any }): Promise<unknown>;
};

/** What `tributary_getGasless` says, read. */
type Terms = {
  readonly hashesPerGas: number;
  readonly blockHash: Uint8Array;
  readonly room: boolean;
  readonly history: boolean;
};

/** A signed transaction as far as a proof is about it. */
type Signed = Omit<WorkSubject, "blockHash"> & { readonly raw: Uint8Array; readonly gasLimit: bigint };

/** A transaction that cannot be sent this way. */
export class GaslessError extends Error {
  readonly code: "NOT_A_TRANSACTION" | "NO_TERMS";

  constructor(code: GaslessError["code"], message: string) {
    super(message);
    this.name = "GaslessError";
    this.code = code;
  }
}

async function readSigned(client: RequestingClient, text: string): Promise<Signed> {
  const raw = fromHex(text);
  if (raw === undefined) throw new GaslessError("NOT_A_TRANSACTION", "not hexadecimal");
  const chainId = BigInt(String(await client.request({ method: "eth_chainId", params: [] })));
  const decoded = decodeTransaction(raw, chainId);
  if (!decoded.ok) throw new GaslessError("NOT_A_TRANSACTION", decoded.rejection.message);
  const { digest: signingHash, r, s, yParity, nonce, gasLimit } = decoded.transaction;
  const sender = recoverAddress(signingHash, r, s, yParity);
  if (sender === undefined) throw new GaslessError("NOT_A_TRANSACTION", "no such signature");
  return { chainId, sender, nonce, signingHash, raw, gasLimit };
}

async function readTerms(client: RequestingClient, sender: Uint8Array): Promise<Terms> {
  const said = await client.request({ method: "tributary_getGasless", params: [toHex(sender)] });
  const { hashesPerGas, blockHash, room, history } = (said ?? {}) as Readonly<Record<string, unknown>>;
  const hash = fromHex(String(blockHash));
  if (hash?.length !== 32 || typeof hashesPerGas !== "number" || !(hashesPerGas >= 0)) {
    throw new GaslessError("NO_TERMS", "the node says nothing of proofs of work");
  }
  return { hashesPerGas, blockHash: hash, room: room === true, history: history === true };
}

async function seal(signed: Signed, terms: Terms, options: MiningOptions): Promise<`0x${string}`> {
  const { blockHash, hashesPerGas } = terms;
  const challenge = workChallenge({ ...signed, blockHash });
  const counter = await mineWork(challenge, Math.ceil(Number(signed.gasLimit) * hashesPerGas), options);
  return toHex(sealWork(signed.raw, { blockHash, counter }));
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
  const signed = await readSigned(client, serializedTransaction);
  return seal(signed, await readTerms(client, signed.sender), options);
}

/** Times that a proof is mined anew because the difficulty rose meanwhile, or its block grew old. */
const MAX_TRIES = 4;

/**
 * Sends a signed transaction; with a proof of work where its account has no history and the node says that many wait
 * already, or has no room. Resolves to its hash; throws what the client throws, and GaslessError.
 */
export async function sendGasless(
  client: RequestingClient,
  serializedTransaction: string,
  options: MiningOptions = {},
): Promise<string> {
  const signed = await readSigned(client, serializedTransaction);
  let told = false;
  for (let tries = 0; ; tries++) {
    const terms = await readTerms(client, signed.sender);
    const mines = told || (!terms.room && !terms.history);
    const sent = mines ? await seal(signed, terms, options) : serializedTransaction;
    try {
      return String(await client.request({ method: "eth_sendRawTransaction", params: [sent] }));
    } catch (error) {
      if (tries === MAX_TRIES || !/proof of work/.test(wordsOf(error))) throw error;
      told = true;
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
