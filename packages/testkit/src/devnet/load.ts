import { privateKeyToAccount } from "viem/accounts";
import type { DevnetInfo } from "./devnet.ts";
import { sleep } from "./processes.ts";
import { call, RpcFailure } from "./rpc.ts";

type Sender = { readonly account: ReturnType<typeof privateKeyToAccount>; nonce: number };

/**
 * Clients that send plain transfers to the members in turn and remember what was acknowledged. A transaction whose
 * answer got lost is sent again to the next member until somebody acknowledges it, as a wallet would.
 */
export class Load {
  readonly acknowledged: `0x${string}`[] = [];
  readonly #chainId: number;
  /** URLs of those that are asked; the committee may change. */
  members: readonly string[];
  readonly #senders: Sender[];
  #running = false;
  #loops: Promise<void>[] = [];

  constructor(info: DevnetInfo, chain: number) {
    const target = info.chains[chain];
    if (target === undefined) throw new RangeError(`no chain ${chain}`);
    this.#chainId = target.chainId;
    this.members = target.rpc;
    this.#senders = info.accounts
      .slice(0, 5)
      .map((account) => ({ account: privateKeyToAccount(account.privateKey), nonce: -1 }));
  }

  /** About `perSecond` transactions a second over all senders. */
  start(perSecond: number): void {
    if (this.#running) return;
    this.#running = true;
    const pause = (1000 * this.#senders.length) / perSecond;
    this.#loops = this.#senders.map((sender, index) => this.#run(sender, index, pause));
  }

  stop(): void {
    this.#running = false;
  }

  async finish(): Promise<void> {
    this.stop();
    await Promise.all(this.#loops);
  }

  /** How often each acknowledged transaction stands in the chain, once all are mined or the time is over. */
  async minedCounts(url: string, milliseconds: number): Promise<Map<`0x${string}`, number>> {
    const wanted = new Set(this.acknowledged);
    const counts = new Map<`0x${string}`, number>();
    const end = Date.now() + milliseconds;
    let next = 1;
    while (Date.now() < end && counts.size < wanted.size) {
      const head = Number(await call<string>(url, "eth_blockNumber"));
      for (; next <= head; next++) {
        const block = await call<{ transactions: `0x${string}`[] }>(
          url,
          "eth_getBlockByNumber",
          `0x${next.toString(16)}`,
          false,
        );
        for (const hash of block.transactions) if (wanted.has(hash)) counts.set(hash, (counts.get(hash) ?? 0) + 1);
      }
      await sleep(100);
    }
    return counts;
  }

  async #run(sender: Sender, index: number, pause: number): Promise<void> {
    let turn = index;
    while (this.#running && sender.nonce < 0) {
      try {
        const url = this.members[turn++ % this.members.length] ?? "";
        sender.nonce = Number(await call<string>(url, "eth_getTransactionCount", sender.account.address, "pending"));
      } catch {
        await sleep(200);
      }
    }
    while (this.#running) {
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
      const hash = await this.#submit(raw, () => turn++);
      if (hash === undefined) return;
      this.acknowledged.push(hash);
      sender.nonce += 1;
      await sleep(pause);
    }
  }

  async #submit(raw: `0x${string}`, turn: () => number): Promise<`0x${string}` | undefined> {
    let last: unknown;
    for (let tries = 0; tries < 600; tries++) {
      try {
        return await call<`0x${string}`>(
          this.members[turn() % this.members.length] ?? "",
          "eth_sendRawTransaction",
          raw,
        );
      } catch (error) {
        last = error;
        // Another member took it before its answer got lost, and it is in a pool or a block now: not acknowledged to us.
        if (error instanceof RpcFailure && /already known|nonce too low/.test(error.message)) {
          const { keccak256 } = await import("viem");
          return keccak256(raw);
        }
        await sleep(100);
      }
    }
    if (!this.#running) return undefined;
    throw last;
  }
}
