import type { Method } from "../method.ts";

/**
 * How the chain is doing at this member. `since` in milliseconds since 1970; `nextFork.time` in seconds; `halted`: why
 * the member executes no more.
 */
export const tributaryStatus: Method = {
  name: "tributary_status",
  run(params, context) {
    params.end();
    const { status, height, membersUp, quorum, since, nextFork, halted } = context.member.status();
    const shown = nextFork === undefined ? null : nextFork;
    return { status, height, membersUp, quorum, since, nextFork: shown, halted: halted ?? null };
  },
};
