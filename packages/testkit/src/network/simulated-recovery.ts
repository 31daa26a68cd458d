import type { Claims } from "@tributary/node/consensus/claims";
import type { DriverEvent } from "@tributary/node/consensus/driver-event";
import type { Inherited } from "@tributary/node/consensus/member-config";
import type { EraEnding } from "@tributary/node/consensus/member-context";
import type { EraStanding } from "@tributary/node/consensus/ports";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { containerHash, decodeContainerHeader } from "@tributary/protocol/container/codec";
import { digest } from "@tributary/protocol/crypto/digest";
import type { EraBeginning } from "@tributary/protocol/ports/recovery-host";
import { maxFaulty } from "@tributary/protocol/quorum";
import { finalDigest, toSlot } from "@tributary/protocol/wire/index";
import type { Random } from "../agreement/random.ts";
import type { IdealCrypto } from "./ideal-crypto.ts";
import { Violation } from "./oracle.ts";
import type { SimulatedMember } from "./simulated-member.ts";
import { RECOVERED_EPOCH, TOY_COMMITTEE, TOY_GROUP, toyConfig } from "./toy-config.ts";
import type { VirtualClock } from "./virtual-clock.ts";

const NOTHING: HexHash = `0x${"00".repeat(32)}`;
const OPENING: HexHash = `0x${"0e".repeat(32)}`;
/** Claims are open for so long: longer than any member takes to see the opening, and to come back from a crash. */
const WINDOW_MS = 14_000;

export type RecoveryWorld = {
  readonly random: Random;
  readonly honest: readonly SimulatedMember[];
  /** The highest height of the first era of which F may exist. */
  readonly mayBeFinal: () => number;
};

/**
 * The mainchain's part of one Recovery of the first era: when it is opened, cancelled or closed, what was claimed, and
 * when the next era's key is ready. Claims are judged as the contract does, by the old era's key alone.
 */
export class SimulatedRecovery {
  readonly opensAt: number;
  readonly closesAt: number;
  readonly #cancelledAt: number | undefined;
  readonly #readyAt: number;
  readonly #members: number;
  readonly #crypto: IdealCrypto;
  readonly #clock: VirtualClock;
  #final = { height: 0, hash: NOTHING, order: toyConfig(0, 1).genesis.order };
  #order = { height: 0, digest: toyConfig(0, 1).genesis.order };
  #closed = false;
  /** What honest members of the first era executed, by height. */
  readonly #executed = new Map<number, HexHash>();
  /** Destroys disks, while that is due. */
  #strike: (() => void) | undefined;

  constructor(members: number, crypto: IdealCrypto, random: Random, clock: VirtualClock) {
    this.#clock = clock;
    this.#members = members;
    this.#crypto = crypto;
    this.opensAt = 300 + random.below(5_000);
    this.closesAt = this.opensAt + WINDOW_MS;
    this.#readyAt = this.closesAt + random.below(4_000);
    this.#cancelledAt = random.chance(0.25) ? this.opensAt + random.below(6_000) : undefined;
  }

  get cancelled(): boolean {
    return this.#cancelledAt !== undefined;
  }

  /** Heights that were ordered and not final at the end of the era; undefined while it goes on. */
  get inheritedHeights(): number | undefined {
    return this.#closed ? this.#order.height - this.#final.height : undefined;
  }

  get orderHeight(): number {
    return this.#order.height;
  }

  /** The era that is to be in charge at the end. */
  get lastEra(): number {
    return this.cancelled ? 1 : 2;
  }

  standing(era: number, elapsed: number): EraStanding {
    if (era !== 1 || elapsed < this.opensAt) return "open";
    const { cancelled } = this;
    return cancelled && elapsed >= (this.#cancelledAt ?? 0) ? { cancelled: OPENING } : { opening: OPENING };
  }

  ending(era: number, elapsed: number): EraEnding | undefined {
    if (era !== 1 || !this.#closed || elapsed < this.#readyAt) return undefined;
    return { ...this.#beginning(), next: { era: 2, epoch: RECOVERED_EPOCH } };
  }

  /** What an era's configuration has beyond that of the first one. */
  beginningOf(era: number): { readonly firstHeight?: number; readonly inherited?: Inherited } {
    return era === 1 ? {} : { firstHeight: this.#order.height + 1, inherited: this.#inherited() };
  }

  /** What an honest member tells. Throws where a height that the old era executed is final under another hash. */
  heard(seat: number, era: number, event: DriverEvent): void {
    if (event.kind === "executed" && era === 1) this.#executed.set(event.height, event.hash);
    if (event.kind === "ordered") this.#onOrder();
    if (event.kind !== "committed" || era === 1 || event.height > this.#order.height) return;
    const before = this.#executed.get(event.height) ?? event.hash;
    if (before === event.hash) return;
    throw new Violation(`container ${event.height}: member ${seat} has ${event.hash}, the old era executed ${before}`);
  }

  #onOrder(): void {
    const strike = this.#strike;
    this.#strike = undefined;
    // On an event of its own: whoever tells stands in the middle of something.
    if (strike !== undefined) this.#clock.after(0, strike);
  }

  /** Disks are destroyed, survivors claim, and at the end nothing may be lost that somebody may have seen as final. */
  play(world: RecoveryWorld): void {
    const { random, honest } = world;
    const clock = this.#clock;
    const survivors = [...honest];
    if (!this.cancelled) {
      const victims = this.#victims(survivors, random);
      // Best when a height was ordered just now and nobody executed it: that is what is taken over.
      const strike = (): void => {
        this.#strike = undefined;
        for (const victim of victims) {
          victim.crash();
          victim.destroy();
          clock.after(random.below(6_000), () => victim.start());
        }
      };
      const from = Math.max(0, this.opensAt - 400 + random.below(1_500));
      clock.after(from, () => {
        this.#strike = strike;
      });
      clock.after(from + 3_000, () => this.#strike?.());
    }
    // Each says once what it has, when it is frozen: from then on that must be all.
    const look = (): void => {
      for (const [index, member] of survivors.entries()) {
        if (member.status()?.status !== "recovery" || random.chance(0.5)) continue;
        member.claims((claims) => {
          this.claim(claims);
          if (survivors[index] === member) survivors.splice(index, 1);
        });
        break;
      }
      if (clock.elapsed < this.closesAt) clock.after(100 + random.below(300), look);
    };
    clock.after(this.opensAt, look);
    clock.after(this.closesAt, () => {
      if (this.cancelled) return;
      if (survivors.length > 0) throw new Error("a survivor was never asked");
      this.#close();
      const seen = world.mayBeFinal();
      if (seen <= this.orderHeight) return;
      throw new Violation(`height ${seen} may be final somewhere, and ${this.orderHeight} is all that is left`);
    });
  }

  /**
   * F of a height implies that N - 2f honest members hold its order, so that one of them survives. With those that are
   * faulty anyway too many are gone for a quorum.
   */
  #victims(survivors: SimulatedMember[], random: Random): readonly SimulatedMember[] {
    const count = this.#members - 2 * maxFaulty(this.#members) - 1;
    return Array.from({ length: count }, () => survivors.splice(random.below(survivors.length), 1)).flat();
  }

  #inherited(): Inherited {
    const committee = { members: this.#members, committee: TOY_COMMITTEE };
    return {
      ...this.#beginning(),
      committeeOf: (era) => (era === 1 ? committee : undefined),
      largest: this.#members,
    };
  }

  claim({ final, order }: Claims): void {
    if (this.#closed) return;
    if (final !== undefined && final.height > this.#final.height) {
      const header = decodeContainerHeader(final.container);
      if (header?.height !== final.height) throw new Error("a claim is bad");
      const hash = containerHash(header);
      const slot = { group: TOY_GROUP, era: 1, epoch: header.epoch, height: header.height };
      if (!this.#crypto.checkCertificate(finalDigest(slot, hash), final.certificate)) throw new Error("a claim is bad");
      this.#final = { height: header.height, hash, order: header.order };
    }
    if (order !== undefined && order.height > this.#order.height) {
      const { height, epoch } = order;
      const signed = digest("order", toSlot({ group: TOY_GROUP, era: 1, epoch, height }), order.content);
      if (!this.#crypto.checkCertificate(signed, order.certificate)) throw new Error("a claim is bad");
      this.#order = { height, digest: toHex(signed) };
    }
  }

  #close(): void {
    this.#closed = true;
    const { height, order } = this.#final;
    if (height > this.#order.height) this.#order = { height, digest: order };
  }

  #beginning(): EraBeginning {
    const { height: finalHeight, hash: finalHash } = this.#final;
    const { height: orderHeight, digest: order } = this.#order;
    return { finalHeight, finalHash, orderHeight, order };
  }
}
