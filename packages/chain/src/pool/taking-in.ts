import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { PoolChain } from "./pool-environment.ts";
import type { PoolFees } from "./pool-fees.ts";
import type { PoolRoom } from "./room.ts";
import type { SenderQueue, Waiting } from "./sender-queue.ts";

export const poolFull: Rejection = { code: "pool-full", message: "txpool is full" };
export const noRoom: Rejection = {
  code: "no-room-without-work",
  message: "limit exceeded: no room for transactions of accounts without history: attach a proof of work",
};
export const alreadyKnown: Rejection = { code: "already-known", message: "already known" };

/** Whether a block could hold the transaction at all. */
export function judgeSize(
  { gasLimit, raw }: Transaction,
  { gasLimit: blockGas, byteLimit, transactionGas }: Pick<PoolChain, "gasLimit" | "byteLimit" | "transactionGas">,
): Rejection | undefined {
  if (raw.length > byteLimit) {
    return { code: "oversized", message: `oversized data: transaction size ${raw.length}, limit ${byteLimit}` };
  }
  if (gasLimit > BigInt(blockGas)) {
    const why = `gas limit reached: exceeds block gas limit: gas ${gasLimit}, limit ${blockGas}`;
    return { code: "block-gas-limit", message: why };
  }
  if (transactionGas !== undefined && gasLimit > BigInt(transactionGas)) {
    const why = `transaction gas limit too high (cap: ${transactionGas}, tx: ${gasLimit})`;
    return { code: "transaction-gas-limit", message: why };
  }
  return undefined;
}

/** What a sender's waiting transactions take from it at most, wei, but for one that is replaced. */
export function costOfOthers(
  queue: SenderQueue | undefined,
  replaced: Transaction | undefined,
  fees: PoolFees,
): bigint {
  let cost = (queue?.value ?? 0n) - (replaced?.value ?? 0n);
  if (fees.asked === 0n) return cost;
  for (const { transaction } of queue?.all() ?? []) {
    if (transaction !== replaced) cost += transaction.gasLimit * (fees.of(transaction)?.reserve ?? 0n);
  }
  return cost;
}

/** The highest nonce of the sender with the most transactions behind a gap, of those whose last one waits in the room. */
export function lastOfLongest(queues: Iterable<SenderQueue>, room: PoolRoom | undefined): Waiting | undefined {
  let longest: Waiting | undefined;
  let most = 0;
  for (const queue of queues) {
    const queued = queue.size - queue.ready.length;
    if (queued <= most) continue;
    const last = queue.lastQueued();
    if (last === undefined || (room !== undefined && last.room !== room)) continue;
    longest = last;
    most = queued;
  }
  return longest;
}

/** With ordinary fees, of all senders' last transactions in the room the one furthest below the base fee. */
export function pricedOut(
  queues: Iterable<SenderQueue>,
  room: PoolRoom | undefined,
  fees: PoolFees,
): Waiting | undefined {
  if (!fees.ordinary) return undefined;
  let lowest: Waiting | undefined;
  for (const { ready } of queues) {
    const last = ready[ready.length - 1];
    if (last === undefined || (room !== undefined && last.room !== room)) continue;
    const fee = fees.of(last.transaction);
    if (fee !== undefined && !fee.waits) continue;
    if (lowest === undefined || last.transaction.maxFeePerGas < lowest.transaction.maxFeePerGas) lowest = last;
  }
  return lowest;
}
