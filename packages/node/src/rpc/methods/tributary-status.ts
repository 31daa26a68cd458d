import type { Method } from "../method.ts";

/** How the chain is doing at this member. `since` in milliseconds since 1970. */
export const tributaryStatus: Method = {
  name: "tributary_status",
  run(params, context) {
    params.end();
    const { status, height, membersUp, quorum, since } = context.member.status();
    return { status, height, membersUp, quorum, since };
  },
};
