import { fromHex } from "@tributary/protocol/bytes/index";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { KeyGenerationEvent } from "../mainchain/events.ts";
import { hasSeat, withSeat } from "./bitmap.ts";

export type GenerationPhase = "accepting" | "dealing" | "complaints" | "done" | "failed";

export type GeneratedKey = {
  /** Compressed G1, 48 bytes hex. */
  readonly groupKey: `0x${string}`;
  readonly keysHash: HexHash;
  readonly committee: HexHash;
  /** Q: seats whose dealings make the key. */
  readonly qualified: bigint;
};

/** One key generation as the mainchain tells it. Seats follow the order of `nodeIds`. */
export type Generation = {
  readonly chainId: bigint;
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly nodeIds: readonly number[];
  readonly phase: GenerationPhase;
  /** Mainchain seconds at which the phase's window ends. */
  readonly until: bigint;
  /** Mainchain block in which the phase began: helpers take turns by it. */
  readonly since: bigint;
  /** E_j by seat, compressed. */
  readonly keys: ReadonlyMap<number, Uint8Array>;
  readonly dealings: ReadonlyMap<number, Uint8Array>;
  /** Seats that take part: those with an encryption key when dealing opened. */
  readonly accepted: bigint;
  readonly dealers: bigint;
  readonly convicted: bigint;
  readonly result: GeneratedKey | undefined;
};

/** The newest generation of each chain, and those that gave a key: one an era, ascending. */
export type Generations = {
  readonly current: ReadonlyMap<bigint, Generation>;
  readonly done: ReadonlyMap<bigint, readonly Generation[]>;
};

export const noGenerations: Generations = { current: new Map(), done: new Map() };

/** Seats whose dealings count as things stand. */
export function qualifiedSeats(generation: Generation): bigint {
  return generation.dealers & ~generation.convicted;
}

/** Bitmap of all seats. */
export function everySeat(generation: Generation): bigint {
  return (1n << BigInt(generation.nodeIds.length)) - 1n;
}

/** Nobody is missing and nobody was convicted: READY by all ends the windows at once. */
export function isComplete(generation: Generation): boolean {
  const all = everySeat(generation);
  return generation.accepted === all && generation.dealers === all && generation.convicted === 0n;
}

/** Folds one event of the key generation contract. Events of another slot than the running one are ignored. */
export function reduceGenerations(state: Generations, event: KeyGenerationEvent, block: bigint): Generations {
  if (event.name === "KeyGenerationBegun") return withCurrent(state, begun(event, block));
  const generation = state.current.get(event.chainId);
  if (generation === undefined || generation.era !== event.era || generation.epoch !== event.epoch) return state;
  const next = step(generation, event, block);
  const moved = withCurrent(state, next);
  if (next.phase !== "done") return moved;
  const done = [...(moved.done.get(next.chainId) ?? []), next];
  return { ...moved, done: new Map(moved.done).set(next.chainId, done) };
}

/** Forgets what a deleted chain left. */
export function dropGenerations(state: Generations, chainId: bigint): Generations {
  const current = new Map(state.current);
  const done = new Map(state.done);
  current.delete(chainId);
  done.delete(chainId);
  return { current, done };
}

function withCurrent(state: Generations, generation: Generation): Generations {
  return { ...state, current: new Map(state.current).set(generation.chainId, generation) };
}

function begun(event: KeyGenerationEvent & { name: "KeyGenerationBegun" }, block: bigint): Generation {
  return {
    chainId: event.chainId,
    group: event.group,
    era: event.era,
    epoch: event.epoch,
    nodeIds: event.nodeIds,
    phase: "accepting",
    until: event.acceptUntil,
    since: block,
    keys: new Map(),
    dealings: new Map(),
    accepted: 0n,
    dealers: 0n,
    convicted: 0n,
    result: undefined,
  };
}

function step(
  generation: Generation,
  event: Exclude<KeyGenerationEvent, { name: "KeyGenerationBegun" }>,
  block: bigint,
): Generation {
  switch (event.name) {
    case "SeatAccepted":
      return { ...generation, keys: new Map(generation.keys).set(event.seat, bytes(event.key)) };
    case "DealingOpened":
      return { ...generation, phase: "dealing", accepted: event.accepted, until: event.until, since: block };
    case "Dealt":
      return { ...generation, dealings: new Map(generation.dealings).set(event.seat, bytes(event.dealing)) };
    case "DealingClosed":
      return {
        ...generation,
        phase: "complaints",
        dealers: event.dealers,
        until: event.complaintsUntil,
        since: block,
      };
    case "DealerConvicted":
      return { ...generation, convicted: withSeat(generation.convicted, event.seat) };
    case "DealingReopened":
      return { ...generation, phase: "dealing", dealers: event.dealers, until: event.until, since: block };
    case "DealerAbsent":
      return generation;
    case "KeyGenerated":
      return {
        ...generation,
        phase: "done",
        since: block,
        result: {
          groupKey: event.groupKey,
          keysHash: event.keysHash,
          committee: event.committee,
          qualified: event.qualified,
        },
      };
    case "KeyGenerationFailed":
      // What was dealt serves no later attempt: those take the next epoch.
      return { ...generation, phase: "failed", since: block, keys: new Map(), dealings: new Map() };
  }
}

/** Event data comes decoded from the contract's log, so it is hex of whole bytes. */
function bytes(hex: `0x${string}`): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}

/** E_j of every seat by seat; empty bytes for a seat that did not accept. */
export function encryptionKeys(generation: Generation): readonly Uint8Array[] {
  return generation.nodeIds.map((_, seat) => {
    const key = generation.keys.get(seat);
    return key !== undefined && (generation.accepted === 0n || hasSeat(generation.accepted, seat))
      ? key
      : new Uint8Array(0);
  });
}
