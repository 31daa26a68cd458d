import { type Abi, numberToHex } from "viem";
import type { Job, JobFailure, Receipt } from "../job.ts";
import { count, headerOf, receiptOf } from "../rpc/decode.ts";
import { revertData, revertReason } from "../rpc/revert-reason.ts";
import type { RpcCall, RpcClient } from "../rpc/rpc-client.ts";
import { isRateLimit } from "../rpc/wording.ts";
import type { ChainView } from "./chain-view.ts";
import type { Ledger } from "./ledger.ts";
import type { Alert, Limits } from "./options.ts";
import { callFields } from "./preparation.ts";
import type { SignerStream } from "./signer-stream.ts";
import type { Slot } from "./slot.ts";
import { findSpender } from "./spender.ts";

export type TrackerPorts = {
  readonly ledger: Ledger;
  readonly rpc: RpcClient;
  readonly chain: ChainView;
  readonly limits: Limits;
  readonly abiOf: (job: Job) => Abi | undefined;
  readonly alert: (alert: Alert) => void;
};

/** Looks in a row after which what is missing is looked into. */
const PATIENCE = 3;
const MOST_HEALED = 64;

type Found = { readonly slot: Slot; readonly receipt: Receipt; readonly failure?: JobFailure };

/** Compares what was sent with what the chain has: spent nonces, receipts, reorganised blocks, final ones. */
export class Tracker {
  readonly #ports: TrackerPorts;
  /** Looks in a row at which a signer's next nonce on the chain belonged to no transaction on its way. */
  readonly #gaps = new Map<SignerStream, number>();

  constructor(ports: TrackerPorts) {
    this.#ports = ports;
  }

  /** One look: a request for the nonces of all signers, and one for the receipts of all that was mined. */
  async look(streams: readonly SignerStream[]): Promise<void> {
    await this.#followBlocks();
    const busy = streams.filter(({ account }) => account.slots.size > 0);
    const spent = await this.#spentNonces(busy);
    await this.#settleSpent(busy, spent);
    for (const stream of busy) {
      const nonce = spent.get(stream);
      if (nonce === undefined) continue;
      await this.#healGap(stream, nonce);
      await this.#cancelLate(stream, nonce);
      await stream.maintain(nonce);
    }
  }

  /** Nonces below are spent; signers of which the node says nothing are left out. */
  async #spentNonces(streams: readonly SignerStream[]): Promise<Map<SignerStream, number>> {
    const { rpc, ledger, alert } = this.#ports;
    const spent = new Map<SignerStream, number>();
    if (streams.length === 0) return spent;
    const answers = await rpc.batch(
      streams.map(({ address }) => ({ method: "eth_getTransactionCount", params: [address, "latest"] })),
    );
    for (const [index, stream] of streams.entries()) {
      const answer = answers[index];
      const nonce = answer?.ok === true ? count(answer.result) : undefined;
      if (nonce === undefined) continue;
      spent.set(stream, nonce);
      if (nonce <= stream.account.record.nextNonce) continue;
      alert({ kind: "foreign-transaction", message: `somebody else has sent from ${stream.address}` });
      await ledger.skipTo(stream.account, nonce);
    }
    return spent;
  }

  async #settleSpent(streams: readonly SignerStream[], spent: ReadonlyMap<SignerStream, number>): Promise<void> {
    const open = streams.flatMap((stream) => {
      const below = spent.get(stream) ?? 0;
      return stream.unsettled.filter(({ nonce }) => nonce < below).map((slot) => ({ stream, slot }));
    });
    if (open.length === 0) return;
    const { ledger } = this.#ports;
    const found = await this.#receipts(open.map(({ slot }) => slot));
    const bySlot = new Set(found.map(({ slot }) => slot));
    await ledger.settle(found);
    for (const { stream, slot } of open) if (bySlot.has(slot)) stream.widen(1);
    // What is final with its first block is final now.
    await this.#followBlocks();
    for (const { slot } of open) {
      if (bySlot.has(slot)) continue;
      slot.misses++;
      if (slot.misses >= PATIENCE) await this.#findSpender(slot);
    }
  }

  async #receipts(slots: readonly Slot[]): Promise<Found[]> {
    const asked = slots.flatMap((slot) => slot.attempts.map(({ hash }) => ({ slot, hash })));
    const answers = await this.#ports.rpc.batch(
      asked.map(({ hash }) => ({ method: "eth_getTransactionReceipt", params: [hash] })),
    );
    const found: Found[] = [];
    for (const [index, { slot, hash }] of asked.entries()) {
      const answer = answers[index];
      const receipt = answer?.ok === true ? receiptOf(answer.result, hash) : undefined;
      if (receipt === undefined) continue;
      if (receipt.status === "success") found.push({ slot, receipt });
      else found.push({ slot, receipt, failure: await this.#whyReverted(slot, receipt) });
    }
    return found;
  }

  /** The call again on the block that had it: the receipt does not say why. */
  async #whyReverted(slot: Slot, receipt: Receipt): Promise<JobFailure> {
    const { ledger, rpc, abiOf } = this.#ports;
    const job = slot.jobId === undefined ? undefined : ledger.openJob(slot.jobId);
    const failure: JobFailure = { code: "REVERTED", message: "the transaction was mined and reverted" };
    if (job === undefined) return failure;
    const call: RpcCall = {
      method: "eth_call",
      params: [callFields(job.call, slot.signer), numberToHex(receipt.blockNumber)],
    };
    const [answer] = await rpc.batch([call]).catch(() => []);
    if (answer === undefined || answer.ok) return failure;
    const data = revertData(answer.data);
    const message = revertReason(data, answer.message, abiOf(job));
    return { code: "REVERTED", message, ...(data === undefined ? {} : { data }) };
  }

  /** Nothing of ours has a receipt: reads from final blocks what spent the nonce. */
  async #findSpender(slot: Slot): Promise<void> {
    const { rpc, chain, limits, ledger, alert } = this.#ports;
    const last = chain.number - limits.confirmations + 1;
    const { scannedTo, spender } = await findSpender(rpc, slot.signer, slot.nonce, slot.scannedTo, last);
    // Not found so far: from the start again, later, in case the blocks have been reorganised.
    slot.scannedTo = scannedTo > last ? slot.sinceBlock : scannedTo;
    slot.misses = scannedTo > last ? 0 : slot.misses;
    if (spender === undefined || slot.attempts.some(({ hash }) => hash === spender.hash)) return;
    alert({ kind: "foreign-transaction", message: `${spender.hash} has spent nonce ${slot.nonce} of ${slot.signer}` });
    await ledger.giveUp(slot, spender);
  }

  /** Which blocks of settled slots are still there, and which of them are final. */
  async #followBlocks(): Promise<void> {
    const { rpc, chain, limits, ledger, alert } = this.#ports;
    const byBlock = settledByBlock(ledger);
    if (byBlock.size === 0) return;
    const numbers = [...byBlock.keys()];
    const answers = await rpc.batch(
      numbers.map((number) => ({ method: "eth_getBlockByNumber", params: [numberToHex(number), false] })),
    );
    const [gone, final]: [Slot[], Slot[]] = [[], []];
    for (const [index, number] of numbers.entries()) {
      const answer = answers[index];
      // That nobody had time to say says nothing about the block.
      if (answer?.ok === false && isRateLimit(answer.code, answer.message)) continue;
      const hash = answer?.ok === true ? headerOf(answer.result)?.hash : undefined;
      const deep = chain.number - number + 1 >= limits.confirmations;
      for (const slot of byBlock.get(number) ?? []) {
        if (isGone(slot, hash)) gone.push(slot);
        else if (hash !== undefined && deep) final.push(slot);
      }
    }
    if (gone.length > 0) {
      alert({ kind: "reorganised", message: `${gone.length} transactions are not in the chain any more` });
      await ledger.unsettle(gone);
    }
    if (final.length > 0) await ledger.finalize(final);
  }

  /** The chain waits for a nonce that nothing on its way has: it went back further than what counted as final. */
  async #healGap(stream: SignerStream, spent: number): Promise<void> {
    const lowest = stream.unsettled[0]?.nonce;
    const missing = lowest !== undefined && spent < lowest && !stream.account.slots.has(spent);
    const looks = missing ? (this.#gaps.get(stream) ?? 0) + 1 : 0;
    if (looks === 0) this.#gaps.delete(stream);
    else this.#gaps.set(stream, looks);
    if (looks < PATIENCE || lowest === undefined) return;
    const length = Math.min(MOST_HEALED, lowest - spent);
    const nonces = Array.from({ length }, (_, index) => spent + index).filter(
      (nonce) => !stream.account.slots.has(nonce),
    );
    await stream.heal(nonces);
  }

  /** Jobs whose deadline has passed while they were on their way. */
  async #cancelLate(stream: SignerStream, spent: number): Promise<void> {
    const now = Date.now();
    for (const slot of stream.unsettled) {
      const job = slot.jobId === undefined || slot.nonce < spent ? undefined : this.#ports.ledger.openJob(slot.jobId);
      if (job?.deadline === undefined || job.deadline > now) continue;
      if (slot.attempts.some(({ kind }) => kind === "cancel")) continue;
      await stream.cancel(slot, { code: "EXPIRED", message: "its deadline passed before it was mined" });
    }
  }
}

function settledByBlock(ledger: Ledger): Map<number, Slot[]> {
  const byBlock = new Map<number, Slot[]>();
  for (const { slots } of ledger.accounts.values()) {
    for (const slot of slots.values()) {
      if (slot.settled === undefined) continue;
      const list = byBlock.get(slot.settled.blockNumber);
      if (list === undefined) byBlock.set(slot.settled.blockNumber, [slot]);
      else list.push(slot);
    }
  }
  return byBlock;
}

/** `hash`: of the block at the slot's height now. No such block: the chain is shorter now, or this endpoint is behind. */
function isGone(slot: Slot, hash: string | undefined): boolean {
  slot.misses = hash === undefined ? slot.misses + 1 : 0;
  return hash === undefined ? slot.misses >= PATIENCE : hash !== slot.settled?.blockHash;
}
