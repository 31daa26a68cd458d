import { quorum } from "@tributary/protocol/quorum";
import type { Now } from "../agent.ts";
import type { NodeRegistry } from "../mainchain/node-registry.ts";
import { hasSeat, seatsOf } from "./bitmap.ts";
import { type Generation, isComplete, qualifiedSeats } from "./generation.ts";

export type KeygenAction =
  /** Post the encryption key of the own seat. */
  | { readonly kind: "accept"; readonly generation: Generation; readonly seat: number }
  | { readonly kind: "deal"; readonly generation: Generation; readonly seat: number }
  /** Open the dealings in `dealers` and complain about bad ones. */
  | { readonly kind: "judge"; readonly generation: Generation; readonly seat: number; readonly dealers: bigint }
  /** Take the share that `qualified` gives, sign READY, show it to the others. */
  | { readonly kind: "sign"; readonly generation: Generation; readonly seat: number; readonly qualified: bigint }
  /** Collect READY signatures and submit them; `needed` of them. */
  | {
      readonly kind: "submit";
      readonly generation: Generation;
      readonly seat: number;
      readonly qualified: bigint;
      readonly needed: number;
      readonly nodes: NodeRegistry;
    }
  /** Tell the contract that a window has passed. */
  | { readonly kind: "advance"; readonly generation: Generation };

/** What this node did already that the mainchain does not show. */
export type KeygenProgress = {
  /** Dealers that were opened for the own seat and found good, by generation key. */
  readonly judged: ReadonlyMap<string, bigint>;
  /** Q for which READY was signed and shown, by generation key. */
  readonly signed: ReadonlyMap<string, bigint>;
  /** The chain has a past, and its state is not here yet: READY waits for it. */
  readonly behind: boolean;
};

/** Blocks by which helpers are apart when any member could do it and one is enough. */
const TURN_BLOCKS = 4n;

export function generationKey(generation: Generation): string {
  return `${generation.group}/${generation.era}/${generation.epoch}`;
}

/** Names an action, with everything that would make it another one. */
export function keygenActionKey(action: KeygenAction): string {
  const { generation } = action;
  const base = `${action.kind}/${generationKey(generation)}`;
  if (action.kind === "judge") return `${base}/${action.dealers}`;
  if (action.kind === "sign") return `${base}/${action.qualified}`;
  if (action.kind === "submit") return `${base}/${action.qualified}/${action.needed}`;
  if (action.kind === "advance") return `${base}/${generation.phase}/${generation.until}`;
  return base;
}

/** What the member in `seat` should do now; one step at a time. */
export function nextKeygenActions(
  generation: Generation,
  seat: number,
  nodes: NodeRegistry,
  progress: KeygenProgress,
  now: Now,
): readonly KeygenAction[] {
  const passed = now.head.timestamp > generation.until;
  const turn = now.head.number >= generation.since + BigInt(seat) * TURN_BLOCKS;
  const advance: readonly KeygenAction[] = passed && turn ? [{ kind: "advance", generation }] : [];
  switch (generation.phase) {
    case "accepting":
      return generation.keys.has(seat) ? advance : [{ kind: "accept", generation, seat }, ...advance];
    case "dealing":
      // Late is better than never: dealing stays open until enough have dealt.
      return hasSeat(generation.accepted, seat) && !generation.dealings.has(seat)
        ? [{ kind: "deal", generation, seat }, ...advance]
        : advance;
    case "complaints":
      return complaints(generation, seat, nodes, progress, passed, turn);
    case "done":
    case "failed":
      return [];
  }
}

function complaints(
  generation: Generation,
  seat: number,
  nodes: NodeRegistry,
  progress: KeygenProgress,
  passed: boolean,
  turn: boolean,
): readonly KeygenAction[] {
  const key = generationKey(generation);
  const qualified = qualifiedSeats(generation);
  const members = generation.nodeIds.length;
  if (seatsOf(qualified).length < quorum(members)) {
    return passed && turn ? [{ kind: "advance", generation }] : [];
  }
  if (!hasSeat(generation.accepted, seat)) return [];
  const actions: KeygenAction[] = [];
  const unjudged = qualified & ~(progress.judged.get(key) ?? 0n);
  if (unjudged !== 0n) actions.push({ kind: "judge", generation, seat, dealers: unjudged });
  // Before the window ends only an unanimous READY is taken, so nothing is signed over dealings still in doubt.
  if (unjudged !== 0n || !(passed || isComplete(generation))) return actions;
  if (progress.behind) return actions;
  if (progress.signed.get(key) !== qualified) return [{ kind: "sign", generation, seat, qualified }];
  if (!turn) return [];
  return [{ kind: "submit", generation, seat, qualified, needed: passed ? quorum(members) : members, nodes }];
}
