import type { HexHash } from "@tributary/protocol/consensus/types";
import type { RecoveryEvent } from "../mainchain/events.ts";

export type OpeningPhase = "challenged" | "open" | "closed" | "done" | "cancelled";

/** Of a closed Recovery: as the contract's Step. */
export type RecoveryStep = "idle" | "selecting" | "selected" | "keygen";

/** One Recovery as the mainchain tells it. */
export type Opening = {
  readonly chainId: bigint;
  readonly openingId: HexHash;
  /** The one that is recovered from. */
  readonly era: number;
  readonly phase: OpeningPhase;
  /** Of the same era, cancelled before; ascending, the last ones only. Who was down meanwhile may be frozen for any of them. */
  readonly earlier: readonly HexHash[];
  readonly step: RecoveryStep;
  /** Mainchain seconds: when a challenge counts as unanswered, when claims end, when seats may be asked for again. */
  readonly until: bigint;
  /** Mainchain block in which phase and step began: helpers take turns by it. */
  readonly since: bigint;
  /** By seat, as of the opening; empty before. */
  readonly nodeIds: readonly number[];
  /** Ids of nodes that take part on. */
  readonly standing: readonly number[];
  /** Highest claims so far; 0 without any. */
  readonly finalHeight: number;
  readonly orderHeight: number;
  /** Highest claim of an order that the era took over, to fall back to; 0 without any. */
  readonly lowerHeight: number;
  /** Ids of nodes that cannot have all that the era took over. */
  readonly lacking: readonly number[];
  /** Whether anybody claimed or stood: claims do not end before. */
  readonly alive: boolean;
};

/** Cancelled ones of an era that are remembered. Each takes a challenge and an answer. */
const MOST_EARLIER = 64;

/** The newest Recovery of each chain. */
export type Openings = ReadonlyMap<bigint, Opening>;

export const noOpenings: Openings = new Map();

/** Folds one event of the contract. */
export function reduceOpenings(state: Openings, event: RecoveryEvent, block: bigint): Openings {
  const { chainId } = event;
  const before = state.get(chainId);
  if (event.name === "RecoveryChallenged") {
    return new Map(state).set(chainId, fresh(event, before, "challenged", event.opensAt, [], block));
  }
  if (event.name === "RecoveryOpened") {
    return new Map(state).set(chainId, fresh(event, before, "open", event.closesAt, event.nodeIds, block));
  }
  if (before === undefined || ("openingId" in event && event.openingId !== before.openingId)) return state;
  return new Map(state).set(chainId, step(before, event, block));
}

/** Forgets what a chain that ended left. */
export function dropOpening(state: Openings, chainId: bigint): Openings {
  const rest = new Map(state);
  rest.delete(chainId);
  return rest;
}

/** Whether members sign nothing in the era. */
export function isFrozen({ phase }: Opening): boolean {
  return phase === "open" || phase === "closed";
}

/** Whether committees do not change meanwhile. */
export function isUnderWay({ phase }: Opening): boolean {
  return phase === "challenged" || phase === "open" || phase === "closed";
}

function fresh(
  { chainId, openingId, era }: { readonly chainId: bigint; readonly openingId: `0x${string}`; readonly era: number },
  before: Opening | undefined,
  phase: OpeningPhase,
  until: bigint,
  nodeIds: readonly number[],
  block: bigint,
): Opening {
  const nothing = { standing: [], lacking: [], finalHeight: 0, orderHeight: 0, lowerHeight: 0, alive: false } as const;
  const earlier = before?.era === era ? cancelledOnes(before) : [];
  return { chainId, openingId, era, phase, earlier, step: "idle", until, since: block, nodeIds, ...nothing };
}

/** All of its era that were cancelled, so far as they are remembered. */
export function cancelledOnes({ openingId, phase, earlier }: Opening): readonly HexHash[] {
  return phase === "cancelled" ? [...earlier, openingId].slice(-MOST_EARLIER) : earlier;
}

function step(
  opening: Opening,
  event: Exclude<RecoveryEvent, { name: "RecoveryChallenged" | "RecoveryOpened" }>,
  block: bigint,
): Opening {
  const moved = (phase: OpeningPhase, next: RecoveryStep, until = 0n): Opening => ({
    ...opening,
    phase,
    step: next,
    until,
    since: block,
  });
  switch (event.name) {
    case "RecoveryCancelled":
    case "RecoveryAbandoned":
      return moved("cancelled", "idle");
    case "FinalClaimed": {
      const height = Number(event.height);
      return { ...opening, finalHeight: height, orderHeight: Math.max(height, opening.orderHeight), alive: true };
    }
    case "OrderClaimed":
      return { ...opening, orderHeight: Number(event.height), alive: true };
    case "InheritedClaimed":
      return { ...opening, lowerHeight: Number(event.height), alive: true };
    case "InheritedLacks":
      return { ...opening, lacking: [...opening.lacking, event.nodeId], alive: true };
    case "MemberStands":
      return { ...opening, standing: [...opening.standing, event.nodeId], alive: true };
    case "ClaimsExtended":
      return { ...opening, until: event.closesAt };
    case "RecoveryClosed":
      return moved("closed", "idle");
    case "RecoverySeatsRequested":
      return moved("closed", "selecting");
    case "RecoverySeatsSelected":
      return moved("closed", "selected");
    case "RecoverySeatsUnavailable":
      return moved("closed", "idle", event.retryAt);
    case "RecoveryKeygen":
      return moved("closed", "keygen");
    case "RecoveryAttemptFailed":
      return {
        ...moved("closed", "idle"),
        standing: opening.standing.filter((id) => !event.culprits.includes(id)),
      };
    case "EraRecovered":
      return moved("done", "idle");
  }
}
