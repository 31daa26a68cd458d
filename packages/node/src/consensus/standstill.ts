/** Seconds without any movement, with a quorum of links, after which a chain that has work counts as stuck. */
const STUCK_STEPS = 30;

/**
 * Knows a chain that cannot go on though enough members are linked: too many of them are silent, diverged, or without
 * their shares, which links do not show and members need not admit. Whatever moves in a height counts, so that slow
 * machines are not taken for dead ones. consensus.md 8, 15.
 */
export class Standstill {
  #steps = 0;

  get stuck(): boolean {
    return this.#steps >= STUCK_STEPS;
  }

  /**
   * Once a second. `linked`: a quorum of links is there. Without one, or while nothing may be signed, nothing is learned;
   * but a chain that was stuck when a Recovery froze it stays so, or the same members would cancel that at once.
   */
  tick(sight: {
    readonly linked: boolean;
    readonly frozen: boolean;
    readonly busy: boolean;
    readonly moved: boolean;
  }): void {
    if (sight.frozen) return;
    if (!sight.linked || !sight.busy || sight.moved) this.#steps = 0;
    else this.#steps += 1;
  }
}
