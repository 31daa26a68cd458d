import { Chain } from "@tributary/chain/chain/chain";
import { usesIn } from "@tributary/chain/pool/uses";
import { prioritiesAt } from "@tributary/chain/rules/priority-storage";
import { MemoryStore } from "@tributary/chain/store/memory-store";
import { TransactionDecoder } from "@tributary/chain/transaction/decoder";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { ExecutionResult } from "@tributary/protocol/ports/execution";
import { quorum } from "@tributary/protocol/quorum";
import type { Random } from "../agreement/random.ts";
import { Member, type MemberSettings } from "./member.ts";

export const CHAIN_ID = 4_713n;
/** Seconds. */
export const START = 1_700_000_000;
const ZERO = `0x${"00".repeat(32)}` as const;

/** Members with pools of their own upon one chain; agreement itself is a draw of which proposals enter, and in what order. */
export class Committee {
  readonly chain: Chain;
  readonly members: readonly Member[];
  readonly #random: Random;
  readonly #heightMs: number;
  #height = 0;
  /** Of the newest block's transactions. */
  senders: readonly Uint8Array[] = [];

  private constructor(chain: Chain, members: readonly Member[], random: Random, heightMs: number) {
    this.chain = chain;
    this.members = members;
    this.#random = random;
    this.#heightMs = heightMs;
  }

  static async open(settings: MemberSettings, heightMs: number, random: Random, owner: Uint8Array): Promise<Committee> {
    const { gasLimit, byteLimit } = settings;
    const chain = await Chain.open({
      genesis: {
        ...{ chainId: CHAIN_ID, name: "economy", owner: toHex(owner), timestamp: START },
        ...{ gasLimit, byteLimit, allocation: [] },
      },
      storage: { store: new MemoryStore() },
      seatsOf: () => settings.members,
      onFailure: (error) => {
        throw error;
      },
    });
    const decoder = new TransactionDecoder(CHAIN_ID);
    const seats = new Map<string, readonly number[]>();
    const members: Member[] = [];
    for (let seat = 0; seat < settings.members; seat++) {
      members.push(await Member.open(seat, settings, chain, decoder, seats));
    }
    return new Committee(chain, members, random, heightMs);
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#height * this.#heightMs;
  }

  /** One height; gives the hashes of what was mined. */
  async step(): Promise<readonly string[]> {
    for (const member of this.members) member.forward(this.members);
    const bodies = this.members.map((member) => member.propose().map(({ raw }) => raw));
    const accepted = this.#draw(bodies);
    const { transactions } = await this.#execute(accepted.map((body) => ({ body: this.chain.bodies.encode(body) })));
    await new Promise<void>((resolve) => {
      this.chain.executor.commit({ header: this.#header(), hash: ZERO, certificate: new Uint8Array(96) }, resolve);
    });
    const { head } = this.chain;
    const receipts = this.chain.receipts(head.header.number) ?? [];
    const senders = receipts.map(({ transaction }) => transaction.sender);
    const uses = usesIn(
      { block: head, senders },
      receipts.map(({ receipt }) => receipt),
      { rates: (time) => prioritiesAt((...at) => this.chain.storage(...at), time) },
    );
    this.senders = senders;
    for (const member of this.members) member.committed(head.header.timestamp, uses, transactions);
    return head.transactionHashes.map(toHex);
  }

  /** From a quorum to all of them, in any order. */
  #draw<T>(proposals: readonly T[]): T[] {
    const left = [...proposals];
    const least = quorum(left.length);
    const count = least + this.#random.below(left.length - least + 1);
    return Array.from({ length: count }, () => left.splice(this.#random.below(left.length), 1)).flat();
  }

  #execute(bodies: readonly { readonly body: Uint8Array }[]): Promise<ExecutionResult> {
    this.#height++;
    const height = this.#height;
    const beacon = toHex(keccak256(Buffer.from(`beacon ${height}`)));
    const time = START * 1_000 + this.now;
    const mainchain = { number: 0, hash: ZERO };
    const term = { era: 1, epoch: 1, committee: ZERO };
    return new Promise((resolve) => {
      this.chain.executor.execute({ height, rules: 1, beacon, parent: ZERO, mainchain, term, time, bodies }, resolve);
    });
  }

  #header() {
    return {
      ...{ version: 1, rules: 1, group: ZERO, era: 0, epoch: 0, height: this.#height, committee: ZERO },
      ...{ parent: ZERO, order: ZERO, beacon: ZERO, time: 0, mainchainNumber: 0 },
      ...{ mainchainHash: ZERO, bodyRoot: ZERO, segmentsRoot: ZERO },
    };
  }
}
