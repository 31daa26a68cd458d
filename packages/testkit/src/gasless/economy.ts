import { toHex } from "@tributary/protocol/bytes/hex";
import { FULL_SPREAD_AGE } from "@tributary/protocol/consensus/parameters";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { Random } from "../agreement/random.ts";
import { ACTION_GAS, Account } from "./account.ts";
import { Buyers, throughput } from "./buyers.ts";
import { CHAIN_ID, Committee } from "./committee.ts";

export type EconomySettings = {
  readonly members: number;
  /** Half of them with history, half fresh, whose clients mine when they are told to. */
  readonly honest: number;
  /** Actions of each honest user, one after the other. */
  readonly actions: number;
  /** Accounts of the attacker, spread over all members. */
  readonly attackers: number;
  /** Transactions of attackers that each member is offered at each height. */
  readonly attackRate: number;
  /** Accounts that bought priority, and send all that is taken; absent: none. */
  readonly buyers?: number;
  /** Part of the chain's gas that they bought the priority for, all together: no more than the lane's comes first. */
  readonly bought?: number;
  /** Transactions that a block holds. */
  readonly blockActions: number;
  /** Milliseconds that a height takes. */
  readonly heightMs: number;
  readonly seed: number;
};

export type EconomyReport = {
  readonly heights: number;
  readonly actions: number;
  /** Part of the honest actions that were mined within 5 s. */
  readonly inTime: number;
  readonly slowestMs: number;
  readonly proofs: number;
  readonly attackerMined: number;
  /** The attacker's part of the gas that was used: what nobody else wanted is its. */
  readonly attackerShare: number;
  /** Blocks in spite of which an honest transaction with history or a proof, which all members held, went on waiting, and the attacker's part of their gas limits. */
  readonly wantedBlocks: number;
  readonly attackerShareWanted: number;
  readonly buyersMined: number;
  /** The buyers' part of those blocks. */
  readonly buyersShareWanted: number;
};

/** Heights after which every member holds a transaction. consensus.md 9. */
const SPREAD_HEIGHTS = FULL_SPREAD_AGE + 2;

/** Of the account that owns the chain, beyond all others. */
const OWNER = 2 ** 31;
const IN_TIME_MS = 5_000;
const HISTORY_SECONDS = 10;
/** Milliseconds between a user's actions. */
const PAUSE_MS = 2_000;
/** So little that a simulated user's work takes no real time; what matters is that it binds and follows the load. */
const HASHES_PER_GAS = 1 / 256;

type User = {
  readonly account: Account;
  readonly home: number;
  readonly history: boolean;
  left: number;
  nextAt: number;
  /** What waits to be taken in, or to be mined. */
  pending:
    | { readonly raw: Uint8Array; readonly hash: string; readonly since: number; taken: boolean; entitled: boolean }
    | undefined;
};

/** Honest users beside an attacker with as many accounts as it wants, upon the real pools and choices of members. */
export class Economy {
  readonly #settings: EconomySettings;
  readonly #random: Random;
  readonly #committee: Committee;
  readonly #users: User[];
  readonly #buyers: Buyers;
  readonly #waiting = new Map<string, User>();
  readonly #latencies: number[] = [];
  #nextAttacker = 0;
  #proofs = 0;
  #mined = { all: 0, honest: 0, buyers: 0 };
  readonly #wanted = { blocks: 0, attackers: 0, buyers: 0 };

  private constructor(settings: EconomySettings, random: Random, committee: Committee) {
    this.#settings = settings;
    this.#random = random;
    this.#committee = committee;
    const first = settings.honest + settings.attackers;
    const buyers = Array.from({ length: settings.buyers ?? 0 }, (_, index) => new Account(first + index, CHAIN_ID));
    this.#buyers = new Buyers(committee, buyers);
    this.#users = Array.from({ length: settings.honest }, (_, index) => ({
      account: new Account(index, CHAIN_ID),
      home: index % settings.members,
      history: index < settings.honest / 2,
      left: settings.actions,
      nextAt: 0,
      pending: undefined,
    }));
  }

  static async run(settings: EconomySettings): Promise<EconomyReport> {
    const random = new Random(settings.seed);
    const owner = new Account(OWNER, CHAIN_ID);
    const gasLimit = settings.blockActions * Number(ACTION_GAS);
    const committee = await Committee.open(
      {
        ...{ members: settings.members, gasLimit, byteLimit: settings.blockActions * 200 },
        pool: { count: 60 * settings.blockActions, bytes: 2 ** 28, perAccount: 1_024 },
        gasless: {
          ...{ historySeconds: HISTORY_SECONDS, creditPerSecond: 100_000, creditSeconds: 60 },
          ...{ hashesPerGas: HASHES_PER_GAS, proofSeconds: 120 },
        },
      },
      settings.heightMs,
      random,
      owner.address,
    );
    const economy = new Economy(settings, random, committee);
    const { blockActions, heightMs, bought = 0 } = settings;
    await economy.#buyers.buy(owner, bought * throughput(blockActions, heightMs));
    await economy.#giveHistory();
    await economy.#trade();
    await committee.chain.close();
    return economy.#report();
  }

  /** The first half of the users was here before. */
  async #giveHistory(): Promise<void> {
    const { honest } = this.#settings;
    for (const user of this.#users.slice(0, honest / 2)) {
      await this.#committee.members[user.home]?.submit(user.account.action());
    }
    const end = this.#committee.now + HISTORY_SECONDS * 1_500;
    while (this.#committee.now < end) await this.#committee.step();
  }

  async #trade(): Promise<void> {
    for (const user of this.#users) user.nextAt = this.#committee.now + this.#random.below(PAUSE_MS);
    const end = this.#committee.now + this.#settings.actions * (PAUSE_MS + 2 * IN_TIME_MS);
    while (this.#users.some(({ left, pending }) => left > 0 || pending !== undefined) && this.#committee.now < end) {
      await this.#attack();
      await this.#buyers.flood();
      for (const user of this.#users) await this.#act(user);
      this.#settle(await this.#committee.step());
    }
  }

  /** Each account of the attacker asks once; whatever is refused is asked again by the next one. */
  async #attack(): Promise<void> {
    const { attackers, attackRate, honest } = this.#settings;
    for (const member of this.#committee.members) {
      for (let i = 0; i < attackRate && this.#nextAttacker < attackers; i++) {
        const account = new Account(honest + this.#nextAttacker, CHAIN_ID);
        this.#nextAttacker++;
        await member.submit(account.action());
      }
    }
  }

  async #act(user: User): Promise<void> {
    const { now, members, chain } = this.#committee;
    const member = members[user.home];
    if (member === undefined) return;
    if (user.pending === undefined && user.left > 0 && now >= user.nextAt) {
      const raw = user.account.action();
      user.left--;
      user.pending = { raw, hash: toHex(keccak256(raw)), since: now, taken: false, entitled: user.history };
      this.#waiting.set(user.pending.hash, user);
    }
    const { pending } = user;
    if (pending === undefined || pending.taken) return;
    const proven = !user.history && !member.terms.room;
    const bytes = proven ? user.account.seal(pending.raw, chain.head.hash, member.terms.hashesPerGas) : pending.raw;
    if (proven) this.#proofs++;
    const refused = await member.submit(bytes);
    pending.taken = refused === undefined;
    pending.entitled = user.history || proven;
  }

  #settle(hashes: readonly string[]): void {
    const { now } = this.#committee;
    const before = this.#mined.honest;
    for (const hash of hashes) {
      const user = this.#waiting.get(hash);
      if (user?.pending === undefined) continue;
      this.#mined.honest++;
      this.#latencies.push(now - user.pending.since);
      this.#waiting.delete(hash);
      user.pending = undefined;
      user.nextAt = now + PAUSE_MS;
    }
    const buyers = this.#buyers.countIn(this.#committee.senders);
    this.#mined.buyers += buyers;
    this.#mined.all += hashes.length;
    const since = now - SPREAD_HEIGHTS * this.#settings.heightMs;
    const wanted = [...this.#waiting.values()].some(
      ({ pending }) => pending?.taken === true && pending.entitled && pending.since < since,
    );
    if (!wanted) return;
    this.#wanted.blocks++;
    this.#wanted.buyers += buyers;
    this.#wanted.attackers += hashes.length - buyers - (this.#mined.honest - before);
  }

  #report(): EconomyReport {
    const { honest, actions } = this.#settings;
    const inTime = this.#latencies.filter((ms) => ms <= IN_TIME_MS).length;
    const attackerMined = this.#mined.all - this.#mined.honest - this.#mined.buyers;
    const wanted = Math.max(1, this.#wanted.blocks * this.#settings.blockActions);
    return {
      heights: this.#committee.chain.head.header.number,
      actions: honest * actions,
      inTime: inTime / (honest * actions),
      slowestMs: Math.max(0, ...this.#latencies),
      proofs: this.#proofs,
      attackerMined,
      attackerShare: attackerMined / Math.max(1, this.#mined.all),
      wantedBlocks: this.#wanted.blocks,
      attackerShareWanted: this.#wanted.attackers / wanted,
      buyersMined: this.#mined.buyers,
      buyersShareWanted: this.#wanted.buyers / wanted,
    };
  }
}
