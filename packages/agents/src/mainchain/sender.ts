import { BaseError, type Hex, keccak256, type PublicClient } from "viem";
import type { Logger } from "../logger.ts";
import type { SendingAccount } from "./node-account.ts";
import type { JournalEntry, NonceJournal } from "./nonce-journal.ts";
import { pause } from "./pause.ts";

export type MainchainCall = {
  /** What it is for: a second call with the key of one in flight waits for that one. */
  readonly key: string;
  readonly to: `0x${string}`;
  readonly data: Hex;
  readonly value?: bigint;
  /** Percent of the estimate taken as gas limit; 130 unless said otherwise. Calls with inner gas checks need more. */
  readonly gasPercent?: number;
};

export type SendResult =
  | { readonly kind: "mined"; readonly hash: Hex; readonly block: bigint }
  /** The contract refuses it, now or when it was mined. */
  | { readonly kind: "reverted"; readonly reason: string; readonly data?: Hex }
  /** Was not signed, as the mainchain is out of reach, or not mined before the sender stopped. */
  | { readonly kind: "unsent"; readonly reason: string };

export type SenderOptions = {
  readonly client: PublicClient;
  readonly chainId: number;
  readonly account: SendingAccount;
  readonly journal: NonceJournal;
  readonly pollMs: number;
  readonly logger: Logger;
};

const MAX_IN_FLIGHT = 8;
const DEFAULT_GAS_PERCENT = 130;
/** Milliseconds without a receipt after which a transaction is broadcast again with a higher fee. */
const REBROADCAST_MS = 15_000;
/** Milliseconds after which a failed broadcast is tried again. */
const RETRY_MS = 1_000;

/** Brings calls of one account to the mainchain, one nonce after the other, a bounded number in flight. */
export class MainchainSender {
  readonly #options: SenderOptions;
  readonly #inFlight = new Map<string, Promise<SendResult>>();
  readonly #stop = new AbortController();
  /** Calls that got their nonce so far, one at a time: estimation and nonce must not interleave. */
  #turn: Promise<unknown> = Promise.resolve();
  #recovered: Promise<void> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  get address(): `0x${string}` {
    return this.#options.account.address;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Brings back what the journal holds from before a restart, so that later nonces are not stuck behind it. Once. */
  recover(): Promise<void> {
    this.#recovered ??= this.#recover().catch((error: unknown) => {
      this.#recovered = undefined;
      throw error;
    });
    return this.#recovered;
  }

  async #recover(): Promise<void> {
    const { client, journal, account, logger } = this.#options;
    const next = await client.getTransactionCount({ address: account.address, blockTag: "latest" });
    for (const entry of journal.entries) {
      if (entry.nonce < next) {
        await journal.drop(entry.nonce);
        continue;
      }
      logger.info({ key: entry.key, hash: entry.hash }, "broadcasting an unconfirmed transaction again");
      void this.#track(entry.key, this.#broadcastAndWait(entry, undefined));
    }
  }

  /** Never rejects. Refuses when too many are in flight, so that callers keep their own order of importance. */
  send(call: MainchainCall): Promise<SendResult> {
    const known = this.#inFlight.get(call.key);
    if (known !== undefined) return known;
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return Promise.resolve({ kind: "unsent", reason: "too many in flight" });
    return this.#track(call.key, this.#send(call));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#inFlight.values());
  }

  #track(key: string, work: Promise<SendResult>): Promise<SendResult> {
    const settled = work
      .catch((error: unknown): SendResult => ({ kind: "unsent", reason: reasonOf(error) }))
      .finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, settled);
    return settled;
  }

  async #send(call: MainchainCall): Promise<SendResult> {
    const signed = this.#turn.then(async () => {
      await this.recover();
      return await this.#sign(call);
    });
    this.#turn = signed.catch(() => undefined);
    const prepared = await signed;
    return prepared.kind === "reverted" ? prepared : await this.#broadcastAndWait(prepared.entry, call);
  }

  async #sign(
    call: MainchainCall,
    replace?: { nonce: number; fee: bigint; tip: bigint },
  ): Promise<{ kind: "signed"; entry: JournalEntry } | (SendResult & { kind: "reverted" })> {
    const { client, account, journal, chainId } = this.#options;
    const value = call.value ?? 0n;
    let gas: bigint;
    try {
      const estimate = await client.estimateGas({ account: account.address, to: call.to, data: call.data, value });
      gas = (estimate * BigInt(call.gasPercent ?? DEFAULT_GAS_PERCENT)) / 100n;
    } catch (error) {
      const revert = revertOf(error);
      if (revert !== undefined) return revert;
      throw error;
    }
    const block = await client.getBlock({ blockTag: "latest" });
    const tip = replace === undefined ? 1_000_000_000n : (replace.tip * 5n) / 4n;
    const usual = 2n * (block.baseFeePerGas ?? 0n) + tip;
    const bumped = replace === undefined ? 0n : (replace.fee * 5n) / 4n;
    const fee = usual > bumped ? usual : bumped;
    const nonce = replace?.nonce ?? (await this.#takeNonce());
    const raw = await account.signTransaction({
      type: "eip1559",
      chainId,
      nonce,
      to: call.to,
      data: call.data,
      value,
      gas: gas > block.gasLimit ? block.gasLimit : gas,
      maxFeePerGas: fee,
      maxPriorityFeePerGas: tip,
    });
    const entry: JournalEntry = { nonce, key: call.key, hash: keccak256(raw), raw };
    await journal.put(entry);
    return { kind: "signed", entry };
  }

  /**
   * The lowest nonce that neither the mainchain nor the journal holds. Not one past the highest: a mainchain that went
   * back may have lost transactions below those in flight, and nothing is mined above such a gap.
   */
  async #takeNonce(): Promise<number> {
    const { client, account, journal } = this.#options;
    let next = await client.getTransactionCount({ address: account.address, blockTag: "pending" });
    const taken = new Set(journal.entries.map((entry) => entry.nonce));
    while (taken.has(next)) next += 1;
    return next;
  }

  async #broadcastAndWait(first: JournalEntry, call: MainchainCall | undefined): Promise<SendResult> {
    const { client, journal, account, pollMs } = this.#options;
    const signal = this.#stop.signal;
    let entry = first;
    let sends = 0;
    let nextSend = 0;
    const hashes: Hex[] = [entry.hash];
    while (!signal.aborted) {
      try {
        const taken = await client.getTransactionCount({ address: account.address, blockTag: "latest" });
        const settled = await this.#settled(hashes);
        if (settled !== undefined || taken > entry.nonce) {
          await journal.drop(entry.nonce);
          return settled ?? { kind: "unsent", reason: "its nonce was used by another transaction" };
        }
        if (performance.now() >= nextSend) {
          nextSend = performance.now() + RETRY_MS;
          if (sends > 0 && call !== undefined) entry = await this.#replace(entry, call, hashes);
          await this.#broadcast(entry);
          sends += 1;
          nextSend = performance.now() + REBROADCAST_MS;
        }
      } catch (error) {
        // The mainchain is away: the watcher says so; this waits for its return.
        this.#options.logger.debug({ key: entry.key, reason: reasonOf(error) }, "mainchain request failed");
      }
      await pause(pollMs, signal);
    }
    return { kind: "unsent", reason: "stopped" };
  }

  async #settled(hashes: readonly Hex[]): Promise<SendResult | undefined> {
    for (const hash of hashes) {
      const receipt = await this.#receipt(hash);
      if (receipt !== undefined) return receipt;
    }
    return undefined;
  }

  async #replace(entry: JournalEntry, call: MainchainCall, hashes: Hex[]): Promise<JournalEntry> {
    const { client } = this.#options;
    const known = await client.getTransaction({ hash: entry.hash }).catch(() => undefined);
    if (known === undefined) return entry;
    const next = await this.#sign(call, {
      nonce: entry.nonce,
      fee: known.maxFeePerGas ?? 0n,
      tip: known.maxPriorityFeePerGas ?? 0n,
    });
    if (next.kind === "reverted") return entry;
    hashes.push(next.entry.hash);
    return next.entry;
  }

  async #broadcast(entry: JournalEntry): Promise<void> {
    try {
      await this.#options.client.sendRawTransaction({ serializedTransaction: entry.raw });
    } catch (error) {
      // "already known" and "nonce too low" mean that it is there or mined: the receipt decides.
      if (!/already|known|imported|nonce too low/i.test(reasonOf(error))) throw error;
    }
  }

  async #receipt(hash: Hex): Promise<SendResult | undefined> {
    try {
      const receipt = await this.#options.client.getTransactionReceipt({ hash });
      return receipt.status === "success"
        ? { kind: "mined", hash, block: receipt.blockNumber }
        : { kind: "reverted", reason: `transaction ${hash} reverted` };
    } catch (error) {
      if (error instanceof Error && error.name === "TransactionReceiptNotFoundError") return undefined;
      throw error;
    }
  }
}

function revertOf(error: unknown): (SendResult & { kind: "reverted" }) | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const revert = error.walk((inner) => {
    const code = (inner as { code?: unknown }).code;
    return code === 3 || /execution reverted/i.test((inner as Error).message);
  });
  if (revert === null) return undefined;
  const data = (revert as { data?: unknown }).data;
  const hex = typeof data === "string" && data.startsWith("0x") ? (data as Hex) : undefined;
  const reason = reasonOf(error);
  return hex === undefined ? { kind: "reverted", reason } : { kind: "reverted", reason, data: hex };
}

function reasonOf(error: unknown): string {
  if (error instanceof BaseError) return error.shortMessage;
  return error instanceof Error ? error.message : String(error);
}
