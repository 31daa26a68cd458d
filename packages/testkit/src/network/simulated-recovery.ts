import type { DriverEvent } from "@tributary/node/consensus/driver-event";
import type { Inherited } from "@tributary/node/consensus/member-config";
import type { EraEnding } from "@tributary/node/consensus/member-context";
import type { EraStanding } from "@tributary/node/consensus/ports";
import { uint } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { maxFaulty } from "@tributary/protocol/quorum";
import type { Random } from "../agreement/random.ts";
import { ClaimsWindow } from "./claims-window.ts";
import type { IdealCrypto } from "./ideal-crypto.ts";
import type { Ledger } from "./ledger.ts";
import { Violation } from "./oracle.ts";
import { RecoveryContract } from "./recovery-contract.ts";
import type { SimulatedMember } from "./simulated-member.ts";
import { recoveredEpoch, TOY_COMMITTEE } from "./toy-config.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Claims are open for so long: longer than any member takes to see the opening, and to come back from a crash. */
const WINDOW_MS = 14_000;
/** A later Recovery waits for so long for what it is to strike at. */
const PATIENCE_MS = 10_000;
const POLL_MS = 20;
/** Recoveries beyond those that were asked for: an era is stuck whose inherited orders were destroyed with those who held them. */
const MAX_EXTRA = 4;
const DRAWS = 20;

export type RecoveryWorld = {
  readonly honest: readonly SimulatedMember[];
  readonly faulty: readonly SimulatedMember[];
  readonly ledger: Pick<Ledger, "highestFinal" | "finals">;
  /** Clients go on: another era is in charge, or the same one again. */
  readonly resumed: () => void;
};

type Opening = {
  readonly id: HexHash;
  readonly era: number;
  readonly opensAt: number;
  readonly cancelledAt: number | undefined;
  /** When the next era's key is ready; undefined while claims are open. */
  readyAt: number | undefined;
};

/**
 * The mainchain's part of Recoveries, one after the other: when each is opened, cancelled or closed, whose disks are
 * destroyed, and when the next era's key is ready. A later one strikes before, while or after what the era took over is
 * made final again.
 */
export class SimulatedRecovery {
  readonly #planned: number;
  readonly #members: number;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #contract: RecoveryContract;
  readonly #openings: Opening[] = [];
  /** What honest members executed, by the era that ordered it and the height. */
  readonly #executed = new Map<string, HexHash>();
  /** Era in which a node's disk was destroyed last. */
  readonly #destroyed = new Map<number, number>();
  #world: RecoveryWorld | undefined;
  #window: ClaimsWindow | undefined;
  #extra = 0;
  #inherited = 0;
  #again = 0;
  #dropped = 0;
  /** Disks are to be destroyed as soon as members of the era told of so many orders. */
  #due: { readonly era: number; readonly strike: () => void; orders: number } | undefined;

  constructor(
    planned: number,
    members: number,
    cryptoOf: (era: number) => IdealCrypto,
    random: Random,
    clock: VirtualClock,
  ) {
    this.#planned = planned;
    this.#members = members;
    this.#clock = clock;
    this.#random = random;
    this.#contract = new RecoveryContract(members, cryptoOf);
  }

  /** Eras that ended. */
  get ended(): number {
    return this.#openings.filter(({ readyAt }) => readyAt !== undefined).length;
  }

  /** Heights that eras took over ordered and not final; those among them that had been taken over before; those given up. */
  get totals(): { readonly inherited: number; readonly inheritedAgain: number; readonly dropped: number } {
    return { inherited: this.#inherited, inheritedAgain: this.#again, dropped: this.#dropped };
  }

  /** All that were planned are over, and none is open. */
  get settled(): boolean {
    const now = this.#clock.elapsed;
    const over = ({ cancelledAt, readyAt }: Opening): boolean => (cancelledAt ?? readyAt ?? now + 1) <= now;
    return this.#openings.length >= this.#planned && this.#openings.every(over);
  }

  /** Nothing crashes while it is found out what nobody has. */
  get calm(): boolean {
    return this.#window?.late ?? false;
  }

  /** The era that is in charge, or will be with the next key. */
  get newestEra(): number {
    return this.ended + 1;
  }

  standing(era: number, elapsed: number): EraStanding {
    const seen = this.#openings.filter((one) => one.era === era && one.opensAt <= elapsed);
    const open = seen.find(({ cancelledAt }) => cancelledAt === undefined || elapsed < cancelledAt);
    if (open !== undefined) return { opening: open.id };
    return seen.length === 0 ? "open" : { cancelled: seen.map(({ id }) => id) };
  }

  ending(era: number, elapsed: number): EraEnding | undefined {
    const over = this.#openings.some((one) => one.era === era && one.readyAt !== undefined && one.readyAt <= elapsed);
    const next = era + 1;
    return over ? { ...this.#contract.beginningOf(next), next: { era: next, epoch: recoveredEpoch(next) } } : undefined;
  }

  /** What an era's configuration has beyond that of the first one. */
  beginningOf(era: number): { readonly firstHeight?: number; readonly inherited?: Inherited } {
    if (era === 1) return {};
    const beginning = this.#contract.beginningOf(era);
    const committee = { members: this.#members, committee: TOY_COMMITTEE };
    const known = (old: number, epoch: number): boolean => old === 1 || (old < era && epoch === recoveredEpoch(old));
    const committeeOf: Inherited["committeeOf"] = (...term) => (known(...term) ? committee : undefined);
    return { firstHeight: beginning.orderHeight + 1, inherited: { ...beginning, committeeOf } };
  }

  /** What an honest member tells. Throws where two executed what one era ordered to other hashes, in whichever era. */
  heard(seat: number, era: number, event: DriverEvent): void {
    if (event.kind === "ordered") this.#onOrder(era);
    if (event.kind !== "executed" && event.kind !== "committed") return;
    const { height, hash } = event;
    const slot = `${this.#contract.ordererOf(era, height)}.${height}`;
    const before = this.#executed.get(slot) ?? hash;
    this.#executed.set(slot, before);
    if (before !== hash) throw new Violation(`${slot}: member ${seat} has ${hash} in era ${era}, others ${before}`);
  }

  #onOrder(era: number): void {
    const due = this.#due;
    if (due?.era !== era) return;
    due.orders -= 1;
    if (due.orders > 0) return;
    this.#due = undefined;
    // On an event of its own: whoever tells stands in the middle of something.
    this.#clock.after(0, due.strike);
  }

  play(world: RecoveryWorld): void {
    this.#world = world;
    this.#clock.after(200 + this.#random.below(2_500), () => this.#strikeAt(1, 1 + this.#random.below(4)));
  }

  /**
   * Disks are destroyed and a Recovery is opened, mostly in this order; or it is opened and cancelled. `orders`: of which
   * members of the era tell before.
   */
  #strikeAt(era: number, orders: number): void {
    const random = this.#random;
    const cancelled = random.chance(this.#planned > 1 ? 0.15 : 0.25);
    const destroyed = new Set<SimulatedMember>();
    const open = (): void => this.#open(era, this.#clock.elapsed + random.below(1_000), destroyed, cancelled);
    const early = cancelled || random.chance(0.3);
    if (early) open();
    if (cancelled) return;
    this.#arm(era, orders, destroyed, () => {
      if (!early) open();
    });
  }

  /** From here on survivors claim, and at the end nothing may be lost that somebody may have seen as final. */
  #open(era: number, opensAt: number, destroyed: ReadonlySet<SimulatedMember>, cancelled: boolean): void {
    const id = toHex(keccak256(uint(this.#openings.length + 1, 4)));
    const cancelledAt = cancelled ? opensAt + this.#random.below(6_000) : undefined;
    const opening: Opening = { id, era, opensAt, cancelledAt, readyAt: undefined };
    this.#openings.push(opening);
    const now = this.#clock.elapsed;
    this.#clock.after(opensAt - now, () => this.#claims(opening, destroyed));
    if (cancelledAt === undefined) return;
    this.#clock.after(cancelledAt - now, () => {
      this.#window?.stop();
      this.#window = undefined;
      this.#resume(era);
    });
  }

  #claims(opening: Opening, destroyed: ReadonlySet<SimulatedMember>): void {
    const { honest, faulty } = this.#seen();
    const { era, opensAt } = opening;
    this.#contract.open(era);
    this.#window = new ClaimsWindow(this.#clock, this.#random, this.#contract, {
      era,
      closesAt: opensAt + WINDOW_MS,
      survivors: () => honest.filter((member) => !destroyed.has(member)),
      faulty: this.#planned > 1 ? faulty : [],
    });
    this.#window.play(() => this.#close(opening));
  }

  #close(opening: Opening): void {
    const { era } = opening;
    const lacked = this.#window?.lacked ?? false;
    this.#window = undefined;
    const before = this.#contract.beginningOf(era);
    const { finalHeight, orderHeight } = this.#contract.close();
    opening.readyAt = this.#clock.elapsed + this.#random.below(4_000);
    this.#inherited += orderHeight - finalHeight;
    this.#again += Math.max(0, Math.min(orderHeight, before.orderHeight) - finalHeight);
    this.#dropped += Math.max(0, before.orderHeight - orderHeight);
    const { ledger } = this.#seen();
    for (let old = 1; old <= era; old++) {
      const seen = ledger.highestFinal(old, this.#leastHolders);
      if (seen <= orderHeight) continue;
      throw new Violation(
        `${seen} may be final in era ${old} somewhere, and ${orderHeight} is all that era ${era} left`,
      );
    }
    if (this.#openings.length > this.#planned && !lacked) {
      throw new Violation(`era ${era} was stuck though what it took over up to ${orderHeight} is there`);
    }
    this.#clock.after(opening.readyAt - this.#clock.elapsed, () => this.#resume(era + 1));
  }

  /** The era begins, or goes on. */
  #resume(era: number): void {
    if (this.#openings.length >= this.#planned) {
      this.#watch(era);
      return;
    }
    this.#seen().resumed();
    const random = this.#random;
    const { finalHeight, orderHeight } = this.#contract.beginningOf(era);
    const during = finalHeight + 1 + random.below(Math.max(1, orderHeight - finalHeight));
    // What is inherited is soon final: mostly it has to be struck at before.
    const mark = random.pick([0, 0, during, orderHeight + random.below(3)]);
    const last = this.#clock.elapsed + (mark === 0 ? random.below(800) : PATIENCE_MS);
    const at = (member: SimulatedMember): number => (member.era === era ? (member.status()?.height ?? 0) : 0);
    const poll = (): void => {
      const reached = mark > 0 && this.#seen().honest.some((member) => at(member) >= mark);
      if (!reached && this.#clock.elapsed < last) this.#clock.after(POLL_MS, poll);
      else this.#strikeAt(era, mark <= orderHeight ? 0 : 1 + random.below(4));
    };
    poll();
  }

  /** Where nobody has what an era took over, its members find that out, and the Recovery after it gives it up. */
  #watch(era: number): void {
    const poll = (): void => {
      const stuck = this.#seen().honest.some((one) => one.era === era && one.status()?.stuck === true);
      if (!stuck || this.#extra === MAX_EXTRA) this.#clock.after(1_000, poll);
      else {
        this.#extra += 1;
        this.#open(era, this.#clock.elapsed, new Set(), false);
      }
    };
    poll();
  }

  /** Best when a height was ordered just now and nobody executed it: that is what is taken over. */
  #arm(era: number, orders: number, destroyed: Set<SimulatedMember>, struck: () => void): void {
    const clock = this.#clock;
    const strike = (): void => {
      this.#due = undefined;
      for (const victim of this.#victims(era)) {
        destroyed.add(victim);
        this.#destroyed.set(victim.seat, era);
        victim.crash();
        victim.destroy(era);
        clock.after(this.#random.below(6_000), () => victim.start());
      }
      // With them a quorum is gone at once, and what is ordered just now stays so.
      if (this.#random.chance(0.8)) this.#fail(this.#seen().faulty);
      struck();
    };
    const due = { era, strike, orders };
    if (orders === 0) {
      strike();
      return;
    }
    this.#due = due;
    clock.after(3_000, () => {
      if (this.#due === due) strike();
    });
  }

  #fail(members: readonly SimulatedMember[]): void {
    for (const member of members) {
      member.crash();
      this.#clock.after(this.#random.below(25_000), () => member.start());
    }
  }

  /**
   * F of a height implies that N - 2f honest members hold its order, so that one of them survives. With those that are
   * faulty anyway too many are gone for a quorum. What an era before may have made final, and did not pass on yet, has to
   * survive too: nobody promises anything of what is destroyed wherever it was.
   */
  #victims(era: number): readonly SimulatedMember[] {
    const { honest } = this.#seen();
    for (let draw = 0; draw < DRAWS; draw++) {
      const left = [...honest];
      const count = this.#leastHolders - 1;
      const victims = Array.from({ length: count }, () => left.splice(this.#random.below(left.length), 1)).flat();
      if (this.#survives(era, left)) return victims;
    }
    return [];
  }

  #survives(era: number, left: readonly SimulatedMember[]): boolean {
    const { ledger } = this.#seen();
    const { finalHeight } = this.#contract.beginningOf(era);
    if (!left.some(({ committed }) => committed >= finalHeight)) return false;
    const seats = new Set(left.map(({ seat }) => seat));
    const held = new Map<number, boolean>();
    for (let old = 1; old <= era; old++) {
      for (const [height, signers] of ledger.finals(old)) {
        if (height <= finalHeight) continue;
        const holds = (seat: number): boolean => seats.has(seat) && (this.#destroyed.get(seat) ?? 0) < old;
        const required = signers.size >= this.#leastHolders;
        if ([...signers].some(holds)) held.set(height, true);
        else if (required && held.get(height) !== true) held.set(height, false);
      }
    }
    return [...held.values()].every((holder) => holder);
  }

  /** N - 2f. */
  get #leastHolders(): number {
    return this.#members - 2 * maxFaulty(this.#members);
  }

  #seen(): RecoveryWorld {
    if (this.#world === undefined) throw new Error("not played yet");
    return this.#world;
  }
}
