import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { decodeProposalBody } from "@tributary/protocol/container/proposal-body";
import type { Receipt } from "../block/receipt.ts";
import { toKey } from "../store/key.ts";
import type { TransactionDecoder } from "../transaction/decoder.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { BlockRun } from "./block-executor.ts";

/** Transactions between two returns to the event loop; about 3 ms of transfers. */
const TRANSACTIONS_PER_TURN = 16;

export type ContainerLimits = {
  /** G. */
  readonly gas: number;
  /** B: bytes of executed transactions. */
  readonly bytes: number;
};

export type ContainerRun = {
  readonly executed: readonly Transaction[];
  readonly receipts: readonly Receipt[];
  /** All transactions in the container's order, equal ones once. */
  readonly marks: readonly OrderedTransaction[];
};

type Entry = {
  readonly raw: Uint8Array;
  mark: OrderedTransaction["mark"];
  readonly transaction: Transaction | undefined;
};

/** The chain's transactions of the accepted bodies, by rank; equal ones once; sections of other chains dropped. */
function collect(bodies: readonly Uint8Array[], chainId: bigint, decoder: TransactionDecoder): Entry[] {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const body of bodies) {
    for (const section of decodeProposalBody(body) ?? []) {
      if (section.chainId !== chainId) continue;
      for (const raw of section.transactions) {
        const decoded = decoder.decode(raw);
        // What does not decode has no hash of its own; its bytes stand for it.
        const key = decoded.ok ? toKey(decoded.transaction.hash) : toKey(raw);
        if (seen.has(key)) continue;
        seen.add(key);
        entries.push({ raw, mark: "skipped", transaction: decoded.ok ? decoded.transaction : undefined });
      }
    }
  }
  return entries;
}

/**
 * Executes the transactions of one container by consensus.md 8: one that no longer fits what is left of gas or bytes
 * is left out, as is one that offers less than a base fee that moves; one ahead of its sender's nonce is held until the
 * gap closes in this container, else left out; an invalid one is skipped. What was held runs right after the transaction that closed its gap.
 */
export async function runContainer(
  run: BlockRun,
  bodies: readonly Uint8Array[],
  chainId: bigint,
  decoder: TransactionDecoder,
  limits: ContainerLimits,
): Promise<ContainerRun> {
  const entries = collect(bodies, chainId, decoder);
  const executed: Transaction[] = [];
  const receipts: Receipt[] = [];
  /** By sender and nonce; the first in order wins, others with the same nonce are judged after it. */
  const held = new Map<string, Map<bigint, Entry[]>>();
  let gasLeft = limits.gas;
  let bytesLeft = limits.bytes;

  const hold = (entry: Entry, { sender, nonce }: Transaction): void => {
    const key = toKey(sender);
    const nonces = held.get(key) ?? new Map<bigint, Entry[]>();
    held.set(key, nonces);
    const list = nonces.get(nonce) ?? [];
    nonces.set(nonce, list);
    list.push(entry);
    entry.mark = "left-out";
  };

  /** True when it was executed. */
  const attempt = async (entry: Entry): Promise<boolean> => {
    const { transaction } = entry;
    if (transaction === undefined) return false;
    if (transaction.gasLimit > BigInt(gasLeft) || transaction.raw.length > bytesLeft) {
      entry.mark = "left-out";
      return false;
    }
    const outcome = await run.execute(transaction);
    if (outcome.kind === "ahead") {
      hold(entry, transaction);
      return false;
    }
    if (outcome.kind === "priced-out") {
      entry.mark = "left-out";
      return false;
    }
    if (outcome.kind === "invalid") {
      entry.mark = "skipped";
      return false;
    }
    entry.mark = "executed";
    executed.push(transaction);
    receipts.push(outcome.receipt);
    gasLeft -= outcome.receipt.gasUsed;
    bytesLeft -= transaction.raw.length;
    if (executed.length % TRANSACTIONS_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    return true;
  };

  /** Runs what the account's nonce has caught up with. */
  const release = async (sender: Uint8Array): Promise<boolean> => {
    const nonces = held.get(toKey(sender));
    if (nonces === undefined) return false;
    let progress = false;
    for (;;) {
      const nonce = run.nonce(sender);
      const ready = nonces.get(nonce);
      if (ready === undefined) return progress;
      nonces.delete(nonce);
      for (const entry of ready) progress = (await attempt(entry)) || progress;
    }
  };

  for (const entry of entries) {
    if ((await attempt(entry)) && entry.transaction !== undefined) await release(entry.transaction.sender);
  }
  // Authorisations and creations by delegating accounts raise nonces of others than the sender.
  for (let progress = true; progress; ) {
    progress = false;
    for (const nonces of [...held.values()]) {
      const [first] = nonces.values();
      const sender = first?.[0]?.transaction?.sender;
      if (sender !== undefined && (await release(sender))) progress = true;
    }
  }
  return { executed, receipts, marks: entries.map(({ raw, mark }) => ({ raw, mark })) };
}
