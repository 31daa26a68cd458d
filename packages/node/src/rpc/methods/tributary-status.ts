import type { Method } from "../method.ts";

/**
 * How the chain is doing at this member. `since` in milliseconds since 1970; `signing`: whether its keys sign, or why
 * not; `nextFork.time` in seconds; `halted`: why the member executes no more; `divergence`: results that disagree;
 * `stuck`: nothing moves though a quorum is connected.
 */
export const tributaryStatus: Method = {
  name: "tributary_status",
  run(params, context) {
    params.end();
    const { status, height, membersUp, quorum, since, signing, nextFork, halted, divergence, stuck } =
      context.member.status();
    return {
      status,
      height,
      membersUp,
      quorum,
      since,
      signing: signing ?? null,
      nextFork: nextFork ?? null,
      halted: halted ?? null,
      divergence: divergence ?? null,
      stuck: stuck ?? false,
    };
  },
};
