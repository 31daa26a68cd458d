import type { Random } from "../agreement/random.ts";
import type { SimulatedMember } from "./simulated-member.ts";
import type { SimulatedMesh } from "./simulated-mesh.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export type UnrestWorld = {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly mesh: SimulatedMesh;
  readonly nodes: number;
  /** Who crashes now and then. */
  readonly honest: readonly SimulatedMember[];
  readonly observers: readonly SimulatedMember[];
  /** Whether it still goes on. */
  readonly restless: () => boolean;
  /** Whether nobody may crash just now. */
  readonly calm: () => boolean;
};

/** Connections break, members crash and come back with what they had flushed. */
export class Unrest {
  readonly #world: UnrestWorld;
  crashes = 0;
  resets = 0;
  /** Members that lost what they said. */
  forgets = 0;

  constructor(world: UnrestWorld) {
    this.#world = world;
  }

  /** `amnesia`: one of them loses its record of what it said. */
  play(amnesia: boolean): void {
    const { random, clock } = this.#world;
    const resetEvery = random.pick([0, 0, 400, 2_000]);
    const crashEvery = random.pick([0, 500, 3_000]);
    if (resetEvery > 0) clock.after(random.below(resetEvery), () => this.#reset(resetEvery));
    if (crashEvery > 0) clock.after(random.below(crashEvery), () => this.#crash(crashEvery));
    if (amnesia) clock.after(random.below(4_000), () => this.#forgetting());
  }

  #reset(every: number): void {
    const { random, clock, mesh, nodes, restless } = this.#world;
    const a = random.below(nodes);
    const b = random.below(nodes);
    if (a !== b) {
      this.resets += 1;
      mesh.disconnect(a, b);
      clock.after(random.below(600), () => mesh.connect(a, b));
    }
    if (restless()) clock.after(random.fraction() * 2 * every, () => this.#reset(every));
  }

  #crash(every: number): void {
    const { random, clock, honest, observers, restless, calm } = this.#world;
    const all = [...honest, ...observers];
    const victims = random.chance(0.05) ? all : [random.pick(all)];
    for (const victim of victims) {
      if (!victim.alive || calm()) continue;
      this.crashes += 1;
      victim.crash();
      clock.after(random.below(random.chance(0.2) ? 8_000 : 900), () => victim.start());
    }
    if (restless()) clock.after(random.fraction() * 2 * every, () => this.#crash(every));
  }

  /** Where the victim is down just then, it loses its memory when it is up again. */
  #forgetting(): void {
    const { random, clock, honest } = this.#world;
    const victim = honest.find(({ alive }) => alive);
    if (victim === undefined) {
      clock.after(100, () => this.#forgetting());
      return;
    }
    this.forgets += 1;
    victim.crash();
    victim.loseMemory(random.chance(0.5));
    clock.after(random.below(2_000), () => victim.start());
  }
}
