import type { MemberStatus } from "@tributary/protocol/ports/member-host";
import type { CatchUp } from "./catch-up.ts";
import type { HaltReason } from "./driver-event.ts";
import type { Execution } from "./execution.ts";
import type { Freeze } from "./freeze.ts";
import type { MemberContext } from "./member-context.ts";

/** Final heights by which a member may lag and still call itself running. */
const LAG = 3;

export type DriverStatus = {
  readonly status: Exclude<MemberStatus, "expired">;
  /** Highest height whose ORDER is held. */
  readonly ordered: number;
  /** Highest height that is final and committed here. */
  readonly height: number;
  /** Highest height whose F is known here. */
  readonly final: number;
  /** This member and those with a live link. */
  readonly membersUp: number;
  readonly quorum: number;
  /** Milliseconds since 1970 at which `status` last changed. */
  readonly since: number;
  /** Why this member stopped executing; it goes on ordering. */
  readonly halted: HaltReason | undefined;
};

/** Knows since when the status is what it is. */
export class StatusClock {
  readonly #context: MemberContext;
  readonly #execution: Execution;
  readonly #catchUp: CatchUp;
  readonly #freeze: Freeze;
  #status: DriverStatus["status"] = "syncing";
  #since: number;

  constructor(context: MemberContext, execution: Execution, catchUp: CatchUp, freeze: Freeze) {
    this.#context = context;
    this.#execution = execution;
    this.#catchUp = catchUp;
    this.#freeze = freeze;
    this.#since = context.ports.clock.time();
  }

  read(): DriverStatus {
    const { ordered, final, quorum, up, ports } = this.#context;
    const { committed: height, halted } = this.#execution;
    const membersUp = up.size + (this.#context.observer ? 0 : 1);
    const { silent } = ports.journal;
    const behind = Math.max(final, this.#catchUp.claimedFinal) > height + LAG;
    const syncing = behind || silent || halted !== undefined;
    const going = membersUp < quorum ? "paused" : syncing ? "syncing" : "running";
    const status = this.#freeze.frozen ? "recovery" : going;
    if (status !== this.#status) {
      this.#status = status;
      this.#since = ports.clock.time();
    }
    return { status, ordered, height, final, membersUp, quorum, since: this.#since, halted };
  }
}
