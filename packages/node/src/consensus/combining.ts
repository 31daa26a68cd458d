import { COMBINE_GRACE_MS } from "@tributary/protocol/consensus/parameters";
import type { Height } from "@tributary/protocol/consensus/types";
import type { MemberContext } from "./member-context.ts";
import type { ShareCollector } from "./share-collector.ts";

/** Shares on their way to a certificate. `says`: this member sends the others what it combines. */
export type Combining = { readonly collector: ShareCollector; opening: boolean; says: boolean };

/**
 * Seat h mod N (the first live one from there on) combines at once, each further one a grace later and only when nothing
 * came: combining costs milliseconds, checking the result a fraction, and whoever combines sends the result to all.
 * Members that are a grace away or more are not waited for: over a wide area the result comes later than one's own.
 * Then only so many send it that one of them is honest.
 */
export function combineInTurn(context: MemberContext, height: Height, combining: Combining): void {
  const { collector } = combining;
  if (!collector.ready || combining.opening) return;
  combining.opening = true;
  const { members, seat } = context.config;
  const { mesh, clock } = context.ports;
  let before = 0;
  let near = 0;
  for (let i = 0; i < members; i++) {
    const candidate = (height + i) % members;
    if (candidate === seat) break;
    if (!context.up.has(candidate)) continue;
    before += 1;
    if ((mesh.distance?.(candidate) ?? 0) < COMBINE_GRACE_MS) near += 1;
  }
  combining.says = near === before || before < context.oneHonest;
  if (near === 0) {
    collector.open();
    return;
  }
  clock.after(near * COMBINE_GRACE_MS, () => {
    if (!context.stopped) collector.open();
  });
}
