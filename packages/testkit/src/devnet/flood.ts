import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import type { DevnetInfo } from "./devnet.ts";
import { sleep } from "./processes.ts";
import { call } from "./rpc.ts";

const BATCH = 50;
const PREPARED = 3_000;

/** An attacker's client: throws prepared transfers at every member of a chain as fast as they are answered. Bounded. */
export class Flood {
  sent = 0;
  refused = 0;
  readonly #chainId: number;
  readonly #members: readonly string[];
  readonly #accounts: readonly PrivateKeyAccount[];
  #running = false;
  #loops: Promise<void>[] = [];

  constructor(info: DevnetInfo, chain: number) {
    const target = info.chains[chain];
    if (target === undefined) throw new RangeError(`no chain ${chain}`);
    this.#chainId = target.chainId;
    this.#members = target.rpc;
    this.#accounts = info.accounts.slice(1, 7).map(({ privateKey }) => privateKeyToAccount(privateKey));
  }

  /** Signs everything first, so that the flood itself costs the shared machine little. */
  async start(): Promise<void> {
    const batches: string[] = [];
    const each = PREPARED / this.#accounts.length;
    for (const account of this.#accounts) {
      const first = Number(
        await call<string>(this.#members[0] ?? "", "eth_getTransactionCount", account.address, "pending"),
      );
      for (let at = 0; at < each; at += BATCH) {
        const raws = Array.from({ length: BATCH }, (_, i) => this.#sign(account, first + at + i));
        batches.push(
          JSON.stringify(
            (await Promise.all(raws)).map((raw, id) => ({
              jsonrpc: "2.0",
              id,
              method: "eth_sendRawTransaction",
              params: [raw],
            })),
          ),
        );
      }
    }
    this.#running = true;
    this.#loops = this.#members.map((url, index) => this.#run(url, batches, index));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  #sign(account: PrivateKeyAccount, nonce: number): Promise<`0x${string}`> {
    return account.signTransaction({
      chainId: this.#chainId,
      nonce,
      to: "0x000000000000000000000000000000000000dEaD",
      value: 1n,
      gas: 21_000n,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
    });
  }

  async #run(url: string, batches: readonly string[], start: number): Promise<void> {
    for (let turn = start; this.#running; turn++) {
      const body = batches[turn % batches.length] ?? "[]";
      try {
        const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
        const answers = (await response.json()) as
          | readonly { readonly error?: unknown }[]
          | { readonly error?: unknown };
        this.sent += BATCH;
        const list = Array.isArray(answers) ? (answers as readonly { readonly error?: unknown }[]) : undefined;
        this.refused += list === undefined ? BATCH : list.filter(({ error }) => error !== undefined).length;
      } catch {
        await sleep(50);
      }
    }
  }
}
