import { decode } from "@tributary/protocol/wire/index";
import { expect, test } from "vitest";
import { Assignment } from "./assignment.ts";
import type { MemberContext } from "./member-context.ts";
import type { PoolEntry } from "./ports.ts";
import type { ProposalBuilder } from "./proposal-builder.ts";
import { TransactionRouting } from "./transaction-routing.ts";
import type { Turn } from "./turn.ts";

const LIMITS = { members: 4, containerBytes: 1_000_000 };
const BEACON = `0x${"11".repeat(32)}` as const;

function waiting(index: number): PoolEntry {
  const name = `0x${index.toString(16).padStart(40, "0")}` as const;
  const raw = Uint8Array.of(index >> 16, index >> 8, index);
  return { hash: name, sender: name, raw, sealed: raw, gas: 21_000, age: 0, lane: "fresh" };
}

function named(raw: Uint8Array): PoolEntry {
  return waiting(Number(`0x${Buffer.from(raw).toString("hex")}`));
}

/** Member 0 of four at height 1, on a clock of its own. */
class World {
  now = 0;
  due: { readonly at: number; readonly run: () => void }[] = [];
  entries: PoolEntry[] = [];
  /** Hashes by the seat that they went to. */
  readonly sent = new Map<number, string[]>();
  readonly told: boolean[] = [];
  readonly inFlight = new Set<string>();
  /** Entries that were given out. */
  looked = 0;
  arrive: (entries: readonly PoolEntry[]) => void = () => undefined;
  readonly assignment = new Assignment(4, BEACON);
  readonly routing: TransactionRouting;

  constructor(entries: number) {
    this.entries = Array.from({ length: entries }, (_, index) => waiting(index));
    const context = {
      ...{ config: { members: 4, seat: 0 }, limits: LIMITS, observer: false, stopped: false, ordered: 0 },
      up: new Set([1, 2, 3]),
      ports: {
        clock: {
          now: () => this.now,
          after: (milliseconds: number, run: () => void) => {
            const one = { at: this.now + milliseconds, run };
            this.due.push(one);
            return () => {
              this.due = this.due.filter((other) => other !== one);
            };
          },
        },
        pool: {
          ready: () => this.#ready(),
          onArrival: (listener: World["arrive"]) => (this.arrive = listener),
          accept: (raw: Uint8Array) => this.#accept(raw),
          has: (hash: string) => this.entries.some((entry) => entry.hash === hash),
        },
      },
      send: (seat: number, _channel: string, _kind: string, bytes: Uint8Array) => {
        const message = decode(bytes, LIMITS);
        if (message?.kind !== "forward") throw new Error("not a FORWARD");
        const names = message.transactions.map(({ raw }) => named(raw).hash);
        this.sent.set(seat, [...(this.sent.get(seat) ?? []), ...names]);
      },
    } as unknown as MemberContext;
    const builder = {
      eligibility: () => undefined,
      inFlight: (hash: string) => this.inFlight.has(hash),
      offered: () => false,
    } as unknown as ProposalBuilder;
    const turn = { input: ({ pending }: { pending: boolean }) => this.told.push(pending) } as unknown as Turn;
    this.routing = new TransactionRouting(context, turn, this.assignment, builder);
  }

  *#ready(): Iterable<PoolEntry> {
    for (const entry of this.entries) {
      this.looked += 1;
      yield entry;
    }
  }

  #accept(raw: Uint8Array): PoolEntry["hash"] {
    const entry = named(raw);
    this.entries.push(entry);
    return entry.hash;
  }

  /** Runs what is due next; how many entries were looked at. */
  step(): number {
    const [next] = this.due.splice(0, 1);
    if (next === undefined) return 0;
    this.now = next.at;
    const before = this.looked;
    next.run();
    return this.looked - before;
  }

  leaderOf({ sender }: PoolEntry): number | undefined {
    return this.assignment.assignees(sender, 1)?.[0];
  }
}

test("a large pool is looked at in parts, and each transaction goes to its assignee once", () => {
  const world = new World(10_000);
  world.routing.start();
  const parts: number[] = [];
  for (let looked = world.step(); looked > 0; looked = world.step()) parts.push(looked);
  expect(Math.max(...parts)).toBeLessThanOrEqual(2_048);
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(10_000);
  for (const seat of [1, 2, 3]) {
    expect(world.sent.get(seat)).toEqual(
      world.entries.filter((entry) => world.leaderOf(entry) === seat).map(({ hash }) => hash),
    );
  }
  // Some are for this member to propose, which was told with the first part.
  expect(world.told).toEqual([true]);
});

test("what arrives while a look goes on is not left for the next one", () => {
  const world = new World(10_000);
  world.routing.start();
  world.step();
  const late = waiting(77_777);
  world.arrive([late]);
  world.step();
  const leader = world.leaderOf(late);
  expect(leader === 0 || world.sent.get(leader ?? 0)?.includes(late.hash)).toBe(true);
});

test("once a proposal took all that is for this member, it says so at once, whatever a look had found", () => {
  const world = new World(10_000);
  world.routing.start();
  world.step();
  expect(world.told).toEqual([true]);
  for (const entry of world.entries) if (world.leaderOf(entry) === 0) world.inFlight.add(entry.hash);
  world.routing.recount();
  expect(world.told).toEqual([true, false]);
  while (world.step() > 0);
  expect(world.told).toEqual([true, false]);
  world.inFlight.clear();
  world.routing.look();
  while (world.step() > 0);
  expect(world.told).toEqual([true, false, true]);
});

test("a recount looks no further than to the first that is left", () => {
  const world = new World(10_000);
  world.routing.start();
  while (world.step() > 0);
  const before = world.looked;
  world.routing.recount();
  expect(world.looked - before).toBeLessThan(100);
  expect(world.told).toEqual([true]);
});

test("what others forward is not forwarded again, and forgotten when it waits no longer", () => {
  const world = new World(0);
  world.routing.start();
  let most = 0;
  for (let index = 0; index < 20_000; index++) {
    world.routing.onForward({ kind: "forward", transactions: [{ raw: waiting(index).raw, age: 0 }] });
    // Blocks take what came before the last ten.
    if (world.entries.length > 10) world.entries.shift();
    most = Math.max(most, world.routing.foreign);
  }
  expect(most).toBeLessThan(2_000);
  world.arrive(world.entries);
  while (world.step() > 0);
  expect([...world.sent]).toEqual([]);
  // Those for this member were found all the same.
  expect(world.told).toEqual([true]);
});
