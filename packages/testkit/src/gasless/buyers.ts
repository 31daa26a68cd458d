import { FEES_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { feesAbi } from "@tributary/contracts/abi/fees.generated";
import { toHex } from "@tributary/protocol/bytes/hex";
import { encodeFunctionData, hexToBytes } from "viem";
import { ACTION_GAS, type Account } from "./account.ts";
import { type Committee, START } from "./committee.ts";

/** Above what the calls use, and within what a proposal takes of accounts without history. */
const CALL_GAS = 110_000n;
const PERIOD = BigInt(Math.floor(START / 3_600));
/** Transactions that a buyer has ready at its member at a time. */
const AHEAD = 64;

type Buyer = { readonly account: Account; readonly home: number; refused: Uint8Array | undefined };

/** Accounts that bought priority for much more than there is, and send all that members take. */
export class Buyers {
  readonly #committee: Committee;
  readonly #buyers: readonly Buyer[];
  readonly #addresses: ReadonlySet<string>;

  constructor(committee: Committee, accounts: readonly Account[]) {
    this.#committee = committee;
    this.#buyers = accounts.map((account, index) => ({
      account,
      home: index % committee.members.length,
      refused: undefined,
    }));
    this.#addresses = new Set(accounts.map(({ address }) => toHex(address)));
  }

  /** The owner sells priority for nothing, and each buys its part of `gasPerSecond`. */
  async buy(owner: Account, gasPerSecond: number): Promise<void> {
    if (this.#buyers.length === 0) return;
    const rate = BigInt(Math.floor(gasPerSecond / this.#buyers.length));
    const data = (name: "setPrioritySale" | "buyPriority", args: readonly unknown[]): Uint8Array =>
      // biome-ignore lint/suspicious/noExplicitAny: arguments of either function
      hexToBytes(encodeFunctionData({ abi: feesAbi, functionName: name, args } as any));
    await this.#mine([owner.call(FEES_ADDRESS, data("setPrioritySale", [0n, 2n ** 63n]), CALL_GAS)]);
    await this.#mine(
      this.#buyers.map(({ account }) =>
        account.call(FEES_ADDRESS, data("buyPriority", [toHex(account.address), rate, PERIOD, 1n]), CALL_GAS),
      ),
    );
    const bought = this.#buyers.map(
      ({ account }) => this.#committee.members[0]?.standing(account.address).priority?.rate,
    );
    if (bought.some((one) => one !== Number(rate))) throw new Error("priority was not bought");
  }

  async #mine(raw: readonly Uint8Array[]): Promise<void> {
    for (const [index, one] of raw.entries())
      await this.#committee.members[index % this.#committee.members.length]?.submit(one);
    const { chain } = this.#committee;
    const end = chain.head.header.number + 20 + 4 * raw.length;
    for (let left = raw.length; left > 0; left -= chain.head.transactions.length) {
      if (chain.head.header.number > end) throw new Error("what the buyers need is not mined");
      await this.#committee.step();
    }
  }

  /** Each fills up what waits of it, as far as its member lets it. */
  async flood(): Promise<void> {
    for (const buyer of this.#buyers) {
      const member = this.#committee.members[buyer.home];
      const mined = this.#committee.chain.nonce(buyer.account.address);
      while (member !== undefined && buyer.account.nonce - mined < AHEAD) {
        const raw = buyer.refused ?? buyer.account.action();
        buyer.refused = (await member.submit(raw)) === undefined ? undefined : raw;
        if (buyer.refused !== undefined) break;
      }
    }
  }

  /** How many of the senders of a block are buyers. */
  countIn(senders: readonly Uint8Array[]): number {
    return senders.filter((sender) => this.#addresses.has(toHex(sender))).length;
  }
}

/** Gas a second of the chain. */
export function throughput(blockActions: number, heightMs: number): number {
  return (blockActions * Number(ACTION_GAS) * 1_000) / heightMs;
}
