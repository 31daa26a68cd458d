import { privateKeyToAccount } from "viem/accounts";
import type { DevnetInfo } from "../devnet/devnet.ts";
import { sleep } from "../devnet/processes.ts";
import { call } from "../devnet/rpc.ts";
import type { Acknowledgement, Hash } from "./history.ts";

type Sender = { readonly account: ReturnType<typeof privateKeyToAccount>; nonce: number; acknowledged: number };
type Answer = { readonly result?: Hash; readonly error?: { readonly message: string } };

const RETRY_MS = 100;
/** Milliseconds after which a client takes its question for unanswered. */
const TIMEOUT_MS = 3_000;

/**
 * Clients that send transfers to the members in turn and keep only what was acknowledged to them. Without an answer a
 * client repeats the same transaction elsewhere until one comes: "already known" is none, since what a pool merely
 * knows may die with it; a nonce that is used up tells that the transaction was mined.
 */
export class Clients {
  readonly acknowledgements: Acknowledgement[] = [];
  readonly #urls: readonly string[];
  readonly #chainId: number;
  readonly #begun: number;
  readonly #senders: readonly Sender[];
  readonly #loops: Promise<void>[];
  #running = true;

  /** About `perSecond` transactions a second over all clients; `begun` as for Watch. */
  constructor(info: DevnetInfo, urls: readonly string[], perSecond: number, begun: number) {
    this.#urls = urls;
    this.#chainId = info.chains[0]?.chainId ?? 0;
    this.#begun = begun;
    this.#senders = info.accounts.map(({ privateKey }) => {
      return { account: privateKeyToAccount(privateKey), nonce: 0, acknowledged: 0 };
    });
    const pause = (1_000 * this.#senders.length) / perSecond;
    this.#loops = this.#senders.map((sender, index) => this.#run(sender, index, pause));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  /** Whether this member has mined as many transactions of each sender as were acknowledged to it. */
  async mined(url: string): Promise<boolean> {
    for (const { account, acknowledged } of this.#senders) {
      if (Number(await call<string>(url, "eth_getTransactionCount", account.address, "latest")) < acknowledged)
        return false;
    }
    return true;
  }

  async #run(sender: Sender, index: number, pause: number): Promise<void> {
    for (let turn = index; this.#running; sender.nonce++) {
      const raw = await sender.account.signTransaction({
        chainId: this.#chainId,
        type: "eip1559",
        nonce: sender.nonce,
        to: "0x000000000000000000000000000000000000dEaD",
        value: 1n,
        gas: 21_000n,
        maxFeePerGas: 0n,
        maxPriorityFeePerGas: 0n,
      });
      turn = await this.#submit(raw, turn, sender);
      await sleep(pause);
    }
  }

  /** Returns whose turn it is next. */
  async #submit(raw: Hash, first: number, sender: Sender): Promise<number> {
    for (let turn = first; ; turn++) {
      const member = turn % this.#urls.length;
      const { result, error } = await send(this.#urls[member] ?? "", raw);
      if (result !== undefined) {
        sender.acknowledged = sender.nonce + 1;
        this.acknowledgements.push({ at: Math.round(performance.now() - this.#begun), member, hash: result });
      }
      if (result !== undefined || /nonce too low/.test(error?.message ?? "") || !this.#running) return turn + 1;
      await sleep(RETRY_MS);
    }
  }
}

async function send(url: string, raw: Hash): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_sendRawTransaction", params: [raw] }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return (await response.json()) as Answer;
  } catch {
    return {};
  }
}
