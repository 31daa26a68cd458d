import type { Offence } from "@tributary/protocol/evidence/evidence";

/** Offences kept of one member of one epoch; as many members as a committee may have fill the store together. */
const MAX_OF_ONE = 64;
/** Offences kept in all: at most 10 kB each. */
const MAX_OFFENCES = 4_096;

/**
 * Which offences are kept: one of a kind for each member and height, so many of one member, so many in all. A member that
 * contradicts itself all day fills its own part and nobody else's.
 */
export class EvidenceIndex {
  readonly #names = new Set<string>();
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#names.size;
  }

  wants(offence: Offence): boolean {
    if (this.#names.size >= MAX_OFFENCES || this.#names.has(offenceName(offence))) return false;
    return (this.#counts.get(offender(offence)) ?? 0) < MAX_OF_ONE;
  }

  add(offence: Offence): void {
    this.#names.add(offenceName(offence));
    const by = offender(offence);
    this.#counts.set(by, (this.#counts.get(by) ?? 0) + 1);
  }
}

/** Names the offence within its group. */
export function offenceName({ height, era, epoch, seat, kind }: Offence): string {
  return `${height}.${era}.${epoch}.${seat}.${kind}`;
}

function offender({ era, epoch, seat }: Offence): string {
  return `${era}.${epoch}.${seat}`;
}
