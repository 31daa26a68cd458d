import { type ProofOfWork, WorkAttempts, workChallenge } from "@tributary/protocol/gasless/proof-of-work";
import { decodeTransaction } from "../transaction/decode.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { GaslessSettings } from "./gasless.ts";

export type WorkChain = {
  /** Seconds: timestamp of the newest certified block. */
  readonly time: number;
  /** Timestamp of a certified block of this chain. */
  timeOf(blockHash: Uint8Array): number | undefined;
};

/** Doublings of the difficulty from an empty lane to a full one. */
const DOUBLINGS = 8;

export type Shown =
  | { readonly ok: true; readonly hashes: number }
  | { readonly ok: false; readonly rejection: Rejection };

/** Hashes for each gas while the lane is full to such a part. */
export function difficulty(settings: GaslessSettings, fill: number): number {
  return settings.hashesPerGas * 2 ** Math.floor(DOUBLINGS * Math.min(1, fill));
}

function refused(why: string): Shown {
  return {
    ok: false,
    rejection: { code: "proof-of-work", message: `insufficient funds for gas * price + value (proof of work: ${why})` },
  };
}

/** The hashes that the proof shows for this transaction, if they are as many as `hashesPerGas` asks for. */
export function checkWork(
  transaction: Transaction,
  proof: ProofOfWork,
  chain: WorkChain,
  hashesPerGas: number,
  proofSeconds: number,
): Shown {
  const time = chain.timeOf(proof.blockHash);
  if (time === undefined || chain.time - time > proofSeconds) {
    return refused(`it must be for a block of the last ${proofSeconds} s`);
  }
  const decoded = decodeTransaction(transaction.raw, transaction.chainId);
  if (!decoded.ok) return decoded;
  const { chainId, sender, nonce, gasLimit } = transaction;
  const { blockHash, counter } = proof;
  const challenge = workChallenge({ chainId, sender, nonce, blockHash, signingHash: decoded.transaction.digest });
  const hashes = new WorkAttempts(challenge).work(counter);
  const needed = Math.ceil(Number(gasLimit) * hashesPerGas);
  return hashes < needed ? refused(`need difficulty ${needed}, got ${hashes}`) : { ok: true, hashes };
}
