import type { Chain } from "@tributary/chain/chain/chain";
import { CreditBook, type Use } from "@tributary/chain/pool/credit-book";
import type { GaslessSettings, GaslessTerms } from "@tributary/chain/pool/gasless";
import { Pool } from "@tributary/chain/pool/pool";
import type { PoolLimits } from "@tributary/chain/pool/pool-environment";
import { NO_FEES } from "@tributary/chain/pool/pool-fees";
import type { Standing } from "@tributary/chain/pool/precedence";
import { prioritiesAt } from "@tributary/chain/rules/priority-storage";
import type { TransactionDecoder } from "@tributary/chain/transaction/decoder";
import type { Rejection } from "@tributary/chain/transaction/rejection";
import { byTurn, fillProposal } from "@tributary/node/consensus/proposal-quota";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { assignees, spread } from "@tributary/protocol/consensus/routing";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import type { PoolEntry } from "@tributary/protocol/ports/execution";
import { quorum } from "@tributary/protocol/quorum";

export type MemberSettings = {
  readonly members: number;
  readonly gasLimit: number;
  readonly byteLimit: number;
  readonly pool: PoolLimits;
  readonly gasless: GaslessSettings;
};

const BEACON = `0x${"5a".repeat(32)}` as const;

/** A member as far as it divides gas: the real pool, and the real choice of what it proposes. */
export class Member {
  readonly #seat: number;
  readonly #settings: MemberSettings;
  readonly #pool: Pool;
  readonly #seats: Map<string, readonly number[]>;
  /** By hash of what clients brought here: seats that have it. */
  readonly #sent = new Map<string, number>();

  private constructor(seat: number, settings: MemberSettings, pool: Pool, seats: Map<string, readonly number[]>) {
    this.#seat = seat;
    this.#settings = settings;
    this.#pool = pool;
    this.#seats = seats;
  }

  /** `seats` is remembered for all members together. */
  static async open(
    seat: number,
    settings: MemberSettings,
    chain: Chain,
    decoder: TransactionDecoder,
    seats: Map<string, readonly number[]>,
  ): Promise<Member> {
    const { gasLimit, byteLimit, gasless } = settings;
    const view = {
      get time() {
        return chain.head.header.timestamp;
      },
      timeOf: (hash: Uint8Array) => chain.block(hash)?.header.timestamp,
      account: (address: Uint8Array) => ({
        nonce: chain.nonce(address),
        balance: chain.balance(address),
        code: chain.code(address),
      }),
      forbids: () => undefined,
      fees: () => NO_FEES,
      priorities: () => prioritiesAt((address, slot) => chain.storage(address, slot), chain.head.header.timestamp),
      sponsor: () => undefined,
      gasLimit,
      byteLimit,
    };
    const pool = await Pool.open(view, decoder, undefined, settings.pool, gasless, new CreditBook(gasless));
    return new Member(seat, settings, pool, seats);
  }

  standing(address: Uint8Array): Standing {
    return this.#pool.standing(address);
  }

  get terms(): GaslessTerms {
    return this.#pool.terms();
  }

  /** What a client brings. Undefined where it was taken. */
  async submit(bytes: Uint8Array): Promise<Rejection | undefined> {
    const result = await this.#pool.add(bytes);
    if (result.kind === "rejected") return result.rejection;
    this.#sent.set(Buffer.from(result.hash).toString("hex"), 1 << this.#seat);
    return undefined;
  }

  /** Sends what waits here to those whose turn it is. */
  forward(to: readonly Member[]): void {
    for (const entry of this.#pool.executable()) {
      const key = entry.hash.slice(2);
      const sent = this.#sent.get(key);
      if (sent === undefined) continue;
      let now = sent;
      for (const seat of this.#assignees(entry).slice(0, spread(entry.age, this.#settings.members))) {
        if ((now & (1 << seat)) !== 0) continue;
        now |= 1 << seat;
        to[seat]?.accept(entry);
      }
      if (now !== sent) this.#sent.set(key, now);
    }
  }

  accept({ sealed, age }: PoolEntry): void {
    this.#pool.accept(sealed, age);
  }

  propose(): readonly PoolEntry[] {
    const first: PoolEntry[] = [];
    const later: { readonly entry: PoolEntry; readonly rank: number }[] = [];
    const { members, gasLimit, byteLimit } = this.#settings;
    for (const entry of this.#pool.executable()) {
      const rank = this.#assignees(entry).indexOf(this.#seat);
      if (rank >= spread(entry.age, members)) continue;
      if (rank === 0) first.push(entry);
      else later.push({ entry, rank });
    }
    const q = quorum(members);
    const bounds = { gas: Math.ceil(gasLimit / q), bytes: Math.ceil(byteLimit / q), spare: q / members };
    return fillProposal(first, byTurn(later), bounds);
  }

  committed(time: number, uses: readonly Use[], transactions: readonly OrderedTransaction[]): void {
    this.#pool.charge(time, uses);
    this.#pool.committed(transactions);
  }

  #assignees({ sender }: PoolEntry): readonly number[] {
    let seats = this.#seats.get(sender);
    if (seats === undefined) {
      seats = assignees(BEACON, fromHex(sender) ?? new Uint8Array(0), this.#settings.members, 0n);
      this.#seats.set(sender, seats);
    }
    return seats;
  }
}
