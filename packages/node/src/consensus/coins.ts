import type { Consensus } from "@tributary/protocol/consensus/consensus";
import { ROUND_WINDOW } from "@tributary/protocol/consensus/parameters";
import type { Height, Seat } from "@tributary/protocol/consensus/types";
import { type CoinMessage, type CoinShare, coinBit, coinDigest, encode } from "@tributary/protocol/wire/index";
import type { MemberContext } from "./member-context.ts";
import type { OwnMessages } from "./own-messages.ts";
import { ShareCollector } from "./share-collector.ts";
import type { SlotLocks } from "./slot-locks.ts";
import type { CoinSlot } from "./statement.ts";
import type { Turn } from "./turn.ts";

const WINDOW = 3;

const NO_SHARE: Uint8Array = new Uint8Array(96);

/** Shares of coins in both directions. A coin is combined only after the own share was released. */
export class Coins {
  readonly #context: MemberContext;
  readonly #core: Consensus;
  readonly #turn: Turn;
  readonly #own: OwnMessages;
  readonly #locks: SlotLocks;
  readonly #heights = new Map<Height, Map<number, ShareCollector>>();

  constructor(context: MemberContext, core: Consensus, turn: Turn, own: OwnMessages, locks: SlotLocks) {
    this.#context = context;
    this.#core = core;
    this.#turn = turn;
    this.#own = own;
    this.#locks = locks;
  }

  onCoin(from: Seat, message: CoinMessage): void {
    const { era, epoch } = this.#context.config;
    const { height } = message;
    if (message.era !== era || message.epoch !== epoch) {
      this.#context.drop(from, "coin", "invalid");
      return;
    }
    const { ordered } = this.#context;
    if (height <= ordered || height > ordered + WINDOW) {
      this.#context.drop(from, "coin", "outside-window");
      return;
    }
    const rounds = height === ordered + 1 ? this.#core.rounds() : [];
    for (const { seat, round, share } of message.shares) {
      if (round > (rounds[seat] ?? 0) + ROUND_WINDOW) this.#context.drop(from, "coin", "outside-window");
      else this.#collector(height, seat, round).add(from, share);
    }
  }

  /** The inputs that completed the CONF quorums are durable: releases the own shares in one COIN. */
  release(height: Height, slots: readonly CoinSlot[]): (() => void) | undefined {
    if (height <= this.#context.ordered || !this.#locks.open(height)) return undefined;
    const sorted = [...slots].sort((a, b) => a.seat - b.seat || a.round - b.round);
    return () => {
      const { members } = this.#context.config;
      for (let at = 0; at < sorted.length; at += members) this.#release(height, sorted.slice(at, at + members));
    };
  }

  forget(ordered: Height): void {
    for (const [height, collectors] of this.#heights) {
      if (height > ordered) continue;
      for (const collector of collectors.values()) collector.close();
      this.#heights.delete(height);
    }
  }

  #release(height: Height, slots: readonly CoinSlot[]): void {
    const { config, ports } = this.#context;
    ports.signer.sign({ kind: "coin", slot: this.#context.slot(height), coins: slots }, (signed) => {
      const shares = slots.map((slot, index): CoinShare => ({ ...slot, share: signed.shares[index] ?? NO_SHARE }));
      this.#send(height, shares);
      for (const { seat, round, share } of shares) {
        const collector = this.#collector(height, seat, round);
        collector.add(config.seat, share);
        collector.open();
      }
    });
  }

  #send(height: Height, shares: readonly CoinShare[]): void {
    const { era, epoch } = this.#context.config;
    const bytes = encode({ kind: "coin", era, epoch, height, shares });
    const message = this.#own.agreement(height, "coin", bytes);
    this.#context.broadcast(message.channel, message.kind, bytes);
  }

  #collector(height: Height, seat: Seat, round: number): ShareCollector {
    let collectors = this.#heights.get(height);
    if (collectors === undefined) {
      collectors = new Map();
      this.#heights.set(height, collectors);
    }
    const key = seat * 0x1_0000 + round;
    let collector = collectors.get(key);
    if (collector === undefined) {
      const { ports, quorum } = this.#context;
      collector = new ShareCollector(
        coinDigest(this.#context.slot(height), seat, round),
        quorum,
        ports.verifier,
        (signature) => {
          const bit = coinBit(signature);
          this.#turn.input({ kind: "coin", height, seat, round, bit }, { kind: "coin", height, seat, round, bit });
        },
        (from) => this.#context.report({ kind: "bad-share", from, about: "coin", height }),
      );
      collectors.set(key, collector);
    }
    return collector;
  }
}
