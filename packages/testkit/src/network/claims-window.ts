import type { RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import type { Random } from "../agreement/random.ts";
import { Violation } from "./oracle.ts";
import type { RecoveryContract } from "./recovery-contract.ts";
import type { SimulatedMember } from "./simulated-member.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** So long before the end everybody looks again at what it has. */
const LATE_MS = 3_000;
/** For so long all survivors are there before they say what they lack: by then they have what any of them serves. */
const CALM_MS = 6_000;
/** Who survived comes as far as the era that is recovered from in this time. */
const LONGEST_MS = 90_000;

export type WindowOptions = {
  readonly era: number;
  /** Milliseconds since the start of the run. Later where a survivor is not heard by then. */
  readonly closesAt: number;
  readonly survivors: () => readonly SimulatedMember[];
  /** They claim what they have, whether they serve it or not, and say that they lack what they have. */
  readonly faulty: readonly SimulatedMember[];
};

/**
 * The time for claims of one Recovery: each survivor says what it has as soon as it is frozen, from when on that must be all
 * but for what the era took over, and again late, with what it lacks.
 */
export class ClaimsWindow {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #contract: RecoveryContract;
  readonly #options: WindowOptions;
  /** What is heard after the freeze is claimed too. */
  readonly #more: boolean;
  readonly #asked = new Set<SimulatedMember>();
  readonly #again = new Set<SimulatedMember>();
  /** Whether any survivor lacked, at first or in the end, part of what the era took over. */
  lacked = false;
  #calmSince: number | undefined;
  #late = false;
  #over = false;

  constructor(clock: VirtualClock, random: Random, contract: RecoveryContract, options: WindowOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#contract = contract;
    this.#options = options;
    this.#more = random.chance(0.2);
  }

  /** All have said what they have; what some lack is yet to be found out. */
  get late(): boolean {
    return this.#late && !this.#over;
  }

  stop(): void {
    this.#over = true;
  }

  /** `close`: the time is over. Throws where a survivor never came to the era. */
  play(close: () => void): void {
    const look = (): void => {
      if (this.#over) return;
      const now = this.#clock.elapsed;
      const { closesAt, survivors } = this.#options;
      const members = survivors();
      const there = members.every((member) => this.#isThere(member));
      this.#calmSince = there ? (this.#calmSince ?? now) : undefined;
      this.#late ||= now >= closesAt - LATE_MS && members.every((member) => this.#asked.has(member));
      const said = this.#late && this.#calm(now) ? this.#again : this.#asked;
      const next = members.find((one) => this.#isThere(one) && !said.has(one) && this.#random.chance(0.5));
      if (next !== undefined) this.#ask(next, said);
      if (now >= closesAt && members.every((member) => this.#again.has(member))) {
        this.#over = true;
        close();
        return;
      }
      if (now > closesAt + LONGEST_MS)
        throw new Violation(`not heard of in era ${this.#options.era}: ${this.#missing(members)}`);
      this.#deceive();
      this.#clock.after(100 + this.#random.below(300), look);
    };
    look();
  }

  #calm(now: number): boolean {
    return this.#calmSince !== undefined && now - this.#calmSince >= CALM_MS;
  }

  #isThere(member: SimulatedMember): boolean {
    return member.era === this.#options.era && member.status()?.status === "recovery";
  }

  #ask(member: SimulatedMember, said: Set<SimulatedMember>): void {
    member.claims((claims) => {
      if (this.#over) return;
      const { lacking } = claims;
      const again = said === this.#again;
      this.lacked ||= lacking !== undefined;
      // What it had when it was frozen must be enough, though it may have heard of more since.
      this.#post(member, again && !this.#more ? { ...(lacking === undefined ? {} : { lacking }) } : claims);
      if (again && lacking !== undefined) this.#contract.lack(member.seat);
      said.add(member);
    });
  }

  #deceive(): void {
    const { faulty } = this.#options;
    const one = faulty[this.#random.below(faulty.length)];
    if (one === undefined || this.#random.chance(0.8)) return;
    if (this.#random.chance(0.2)) this.#contract.lack(one.seat);
    // Of another era it is refused.
    one.claims((claims) => {
      if (!this.#over) this.#contract.claim(claims);
    });
  }

  #post(member: SimulatedMember, claims: RecoveryClaims): void {
    for (const refusal of this.#contract.claim(claims)) {
      if (refusal === undefined || refusal === "not-higher") continue;
      throw new Violation(`a claim of member ${member.seat} in era ${this.#options.era} is refused: ${refusal}`);
    }
  }

  #missing(members: readonly SimulatedMember[]): string {
    const missing = members.filter((member) => !this.#again.has(member));
    return missing.map((member) => `${member.seat} in era ${member.era} at ${member.committed}`).join();
  }
}
