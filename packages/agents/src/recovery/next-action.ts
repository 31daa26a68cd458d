import type { Now } from "../agent.ts";
import { cancelledOnes, type Opening } from "./opening.ts";

export type RecoveryAction =
  /** Asks for a sign of life of a chain whose members do not answer. */
  | { readonly kind: "challenge"; readonly chainId: bigint }
  | { readonly kind: "open"; readonly opening: Opening }
  /** Signs nothing more in the era. */
  | { readonly kind: "freeze"; readonly opening: Opening }
  | { readonly kind: "thaw"; readonly opening: Opening }
  /** Signs and shows the share that cancels. */
  | { readonly kind: "sign-cancel"; readonly opening: Opening }
  | { readonly kind: "submit-cancel"; readonly opening: Opening }
  /** Finds out what this node holds. */
  | { readonly kind: "look"; readonly opening: Opening }
  /** Posts it where it is higher than what was posted. */
  | { readonly kind: "claim"; readonly opening: Opening }
  /** Says that what the era took over is not to be had. */
  | { readonly kind: "lack"; readonly opening: Opening }
  | { readonly kind: "stand"; readonly opening: Opening }
  | { readonly kind: "close"; readonly opening: Opening }
  /** The next step towards the new era's key. */
  | { readonly kind: "start"; readonly opening: Opening };

/** Heights of what this node can post, 0 for nothing. */
export type Held = {
  readonly final: number;
  readonly order: number;
  /** Of orders that the era took over, where this node does not have them all. */
  readonly lower?: number;
};

/** What this node knows beside the mainchain, by the opening's name. */
export type RecoveryProgress = {
  /** Openings in which the host was told to sign nothing more. */
  readonly frozen: ReadonlySet<string>;
  /** By the last of the cancelled openings that it was told of. */
  readonly thawed: ReadonlySet<string>;
  /** Openings whose share to cancel is shown. */
  readonly signed: ReadonlySet<string>;
  /** Highest heights that this node holds a certificate of, as of the freeze. */
  readonly held: ReadonlyMap<string, Held>;
  /** Openings whose claims are about to end: what did not come by then does not come. */
  readonly late: ReadonlySet<string>;
};

/** What a node has to do with a chain. */
export type RecoveryPart = {
  /** Seat in the newest epoch; undefined for others. */
  readonly seat: number | undefined;
  readonly id: number;
  /** Whether a member of the chain runs here. */
  readonly runs: boolean;
  /** Whether q members answer. */
  readonly quorate: boolean;
};

/** Blocks by which members are apart when any of them could do it and one is enough. */
const TURN_BLOCKS = 3n;
/** The same in mainchain seconds. */
const TURN_SECONDS = 3n;

export function recoveryActionKey(action: RecoveryAction): string {
  if (action.kind === "challenge") return `challenge/${action.chainId}`;
  const { openingId, step, since, finalHeight, orderHeight, lowerHeight } = action.opening;
  if (action.kind === "start") return `start/${openingId}/${step}/${since}`;
  if (action.kind === "thaw") return `thaw/${cancelledOnes(action.opening).at(-1)}`;
  if (action.kind === "claim") return `claim/${openingId}/${finalHeight}/${orderHeight}/${lowerHeight}`;
  return `${action.kind}/${openingId}`;
}

/** What this node should do in the chain's newest Recovery. */
export function nextRecoveryActions(
  opening: Opening,
  part: RecoveryPart,
  progress: RecoveryProgress,
  now: Now,
): readonly RecoveryAction[] {
  const { openingId, phase } = opening;
  switch (phase) {
    case "challenged":
      return [
        ...thawing(opening, part, progress),
        ...cancelling(opening, part, progress, now),
        ...opened(opening, part, now),
      ];
    case "open":
      // Whoever claims first and signs afterwards loses what became final in between.
      return progress.frozen.has(openingId)
        ? [
            ...claiming(opening, part, progress, now),
            ...cancelling(opening, part, progress, now),
            ...lacking(opening, part, progress, now),
            ...standing(opening, part),
            ...closing(opening, part, now),
          ]
        : freezing(opening, part);
    case "closed":
      return [
        ...(progress.frozen.has(openingId) ? [] : freezing(opening, part)),
        ...(opening.step === "idle" ? standing(opening, part) : []),
        ...starting(opening, part, now),
      ];
    case "cancelled":
      return thawing(opening, part, progress);
    case "done":
      return [];
  }
}

/** Also where the member is yet to be started: it must not sign before it is told. */
function freezing(opening: Opening, { id, seat, runs }: RecoveryPart): readonly RecoveryAction[] {
  const concerned = runs || seat !== undefined || opening.nodeIds.includes(id);
  return concerned ? [{ kind: "freeze", opening }] : [];
}

/** Also of what was cancelled before a challenge: its answer takes those who were down when that happened. */
function thawing(opening: Opening, { runs }: RecoveryPart, { thawed }: RecoveryProgress): readonly RecoveryAction[] {
  const last = cancelledOnes(opening).at(-1);
  return runs && last !== undefined && !thawed.has(last) ? [{ kind: "thaw", opening }] : [];
}

function cancelling(
  opening: Opening,
  part: RecoveryPart,
  progress: RecoveryProgress,
  now: Now,
): readonly RecoveryAction[] {
  if (part.seat === undefined || !part.quorate) return [];
  if (!progress.signed.has(opening.openingId)) return [{ kind: "sign-cancel", opening }];
  return myTurn(opening, part, now) ? [{ kind: "submit-cancel", opening }] : [];
}

function opened(opening: Opening, part: RecoveryPart, now: Now): readonly RecoveryAction[] {
  // Also where the others seem to be there: they may have lost their shares, or the group would have answered.
  return myTime(opening, part, now) ? [{ kind: "open", opening }] : [];
}

/** Everybody looks at what it holds; who holds more than was posted posts it, those of low seats first. */
function claiming(
  opening: Opening,
  part: RecoveryPart,
  progress: RecoveryProgress,
  now: Now,
): readonly RecoveryAction[] {
  if (!part.runs) return [];
  const held = progress.held.get(opening.openingId);
  if (held === undefined) return [{ kind: "look", opening }];
  const lower = (held.lower ?? 0) > Math.max(opening.lowerHeight, opening.finalHeight);
  const higher = held.final > opening.finalHeight || held.order > opening.orderHeight || lower;
  const over = opening.alive && now.head.timestamp >= opening.until;
  return higher && !over && myTurn(opening, part, now) ? [{ kind: "claim", opening }] : [];
}

/**
 * Late, and only of this node itself: whoever has the bodies may be away for most of the window, and until then they are
 * asked for again and again.
 */
function lacking(
  opening: Opening,
  part: RecoveryPart,
  { held, late }: RecoveryProgress,
  now: Now,
): readonly RecoveryAction[] {
  const { openingId, alive, until } = opening;
  const member = part.runs && opening.nodeIds.includes(part.id) && !opening.lacking.includes(part.id);
  const over = alive && now.head.timestamp >= until;
  const lacks = held.get(openingId)?.lower !== undefined;
  return member && lacks && late.has(openingId) && !over ? [{ kind: "lack", opening }] : [];
}

function standing(opening: Opening, part: RecoveryPart): readonly RecoveryAction[] {
  const mine = opening.nodeIds.includes(part.id) && !opening.standing.includes(part.id);
  return mine && part.runs ? [{ kind: "stand", opening }] : [];
}

function closing(opening: Opening, part: RecoveryPart, now: Now): readonly RecoveryAction[] {
  return opening.alive && myTime(opening, part, now) ? [{ kind: "close", opening }] : [];
}

function starting(opening: Opening, part: RecoveryPart, now: Now): readonly RecoveryAction[] {
  const { step } = opening;
  const due = step === "selected" || (step === "idle" && myTime(opening, part, now));
  return due && myTurn(opening, part, now) ? [{ kind: "start", opening }] : [];
}

/** Place in the order of turns: members of the old committee by seat; others leave it to them. */
function placeOf(opening: Opening, { seat, id }: RecoveryPart): number {
  return opening.nodeIds.length > 0 ? opening.nodeIds.indexOf(id) : (seat ?? -1);
}

function myTurn(opening: Opening, part: RecoveryPart, now: Now): boolean {
  const place = placeOf(opening, part);
  return place >= 0 && now.head.number >= opening.since + TURN_BLOCKS * BigInt(place);
}

/** The same for what becomes possible with time. */
function myTime(opening: Opening, part: RecoveryPart, now: Now): boolean {
  const place = placeOf(opening, part);
  return place >= 0 && now.head.timestamp > opening.until + TURN_SECONDS * BigInt(place);
}
