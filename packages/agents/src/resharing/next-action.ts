import { quorum } from "@tributary/protocol/quorum";
import type { Now } from "../agent.ts";
import { hasSeat } from "../keygen/bitmap.ts";
import type { NodeRegistry } from "../mainchain/node-registry.ts";
import { everyNewSeat, type Handover, qualified, unconvicted } from "./handover.ts";

type Base = { readonly handover: Handover };

/** `seat` is the own new seat, `dealer` the own old one. */
export type ResharingAction =
  | ({ readonly kind: "accept"; readonly seat: number } & Base)
  | ({ readonly kind: "deal"; readonly dealer: number } & Base)
  | ({ readonly kind: "judge"; readonly seat: number; readonly dealers: bigint } & Base)
  | ({ readonly kind: "sign"; readonly seat: number; readonly qualified: bigint } & Base)
  | ({
      readonly kind: "submit";
      readonly seat: number;
      readonly qualified: bigint;
      readonly needed: number;
      readonly nodes: NodeRegistry;
    } & Base)
  | ({ readonly kind: "advance" } & Base)
  /** READY is on the mainchain: keep the new share, also of a member that was away, and erase the encryption key. */
  | ({ readonly kind: "settle"; readonly seat: number; readonly qualified: bigint } & Base);

/** What this node did already that the mainchain does not show; by handover key. */
export type ResharingProgress = {
  readonly judged: ReadonlyMap<string, bigint>;
  readonly signed: ReadonlyMap<string, bigint>;
  readonly settled: ReadonlySet<string>;
};

/** Blocks by which helpers are apart when any member could do it and one is enough. */
const TURN_BLOCKS = 4n;

export function handoverKey(handover: Handover): string {
  return `${handover.group}/${handover.era}/${handover.epoch}`;
}

/** Names an action, with everything that would make it another one. */
export function resharingActionKey(action: ResharingAction): string {
  const { handover } = action;
  const base = `reshare/${action.kind}/${handoverKey(handover)}`;
  if (action.kind === "judge") return `${base}/${action.dealers}`;
  if (action.kind === "sign") return `${base}/${action.qualified}`;
  if (action.kind === "submit") return `${base}/${action.qualified}/${action.needed}`;
  if (action.kind === "advance") return `${base}/${handover.phase}/${handover.until}`;
  return base;
}

/** What the node `id` should do now; one step at a time. Nothing where it is in neither committee. */
export function nextResharingActions(
  handover: Handover,
  id: number,
  nodes: NodeRegistry,
  progress: ResharingProgress,
  now: Now,
): readonly ResharingAction[] {
  const seat = handover.nodeIds.indexOf(id);
  const dealer = handover.oldNodeIds.indexOf(id);
  if (seat < 0 && dealer < 0) return [];
  const passed = now.head.timestamp > handover.until;
  // Leavers help last: they may be gone.
  const place = seat >= 0 ? seat : handover.nodeIds.length + dealer;
  const turn = now.head.number >= handover.since + BigInt(place) * TURN_BLOCKS;
  const advance: readonly ResharingAction[] = passed && turn ? [{ kind: "advance", handover }] : [];
  switch (handover.phase) {
    case "accepting":
      return seat >= 0 && !handover.keys.has(seat) ? [{ kind: "accept", handover, seat }, ...advance] : advance;
    case "dealing":
      // Late is better than never: dealing stays open until enough have dealt.
      return dealer >= 0 && !handover.dealings.has(dealer) ? [{ kind: "deal", handover, dealer }, ...advance] : advance;
    case "complaints":
      return seat >= 0 && hasSeat(handover.accepted, seat)
        ? complaints(handover, seat, nodes, progress, passed, turn)
        : [];
    case "done":
      return seat >= 0 ? settle(handover, seat, progress) : [];
    case "failed":
      return [];
  }
}

function settle(handover: Handover, seat: number, progress: ResharingProgress): readonly ResharingAction[] {
  const { result } = handover;
  const open = result !== undefined && !progress.settled.has(handoverKey(handover));
  return open && hasSeat(handover.accepted, seat) ? [{ kind: "settle", handover, seat, qualified: result }] : [];
}

/**
 * A new member judges every dealing, also those outside of Q: after a conviction Q moves on to them. It signs READY over
 * Q before the window has passed only where all new members could, since only all together end the window.
 */
function complaints(
  handover: Handover,
  seat: number,
  nodes: NodeRegistry,
  progress: ResharingProgress,
  passed: boolean,
  turn: boolean,
): readonly ResharingAction[] {
  const key = handoverKey(handover);
  const dealers = unconvicted(handover);
  const unjudged = dealers & ~(progress.judged.get(key) ?? 0n);
  const chosen = qualified(handover);
  // After the window no complaint is heard, so only the dealers in use matter.
  if (chosen === undefined || (passed ? unjudged & chosen : unjudged) !== 0n) {
    return unjudged === 0n ? [] : [{ kind: "judge", handover, seat, dealers: unjudged }];
  }
  if (!passed && handover.accepted !== everyNewSeat(handover)) return [];
  if (progress.signed.get(key) !== chosen) return [{ kind: "sign", handover, seat, qualified: chosen }];
  if (!turn) return [];
  const members = handover.nodeIds.length;
  const needed = passed ? quorum(members) : members;
  return [{ kind: "submit", handover, seat, qualified: chosen, needed, nodes }];
}
