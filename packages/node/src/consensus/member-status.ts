import type { MemberStatus } from "@tributary/protocol/ports/member-host";
import type { CatchUp } from "./catch-up.ts";
import type { Halt, HaltReason } from "./driver-event.ts";
import type { Execution } from "./execution.ts";
import type { Finality, Split } from "./finality.ts";
import type { Freeze } from "./freeze.ts";
import type { MemberContext } from "./member-context.ts";
import type { Standstill } from "./standstill.ts";

/** Final heights by which a member may lag and still call itself running. */
const LAG = 3;

export type DriverStatus = {
  readonly status: Exclude<MemberStatus, "expired">;
  /** Highest height whose ORDER is held. */
  readonly ordered: number;
  /** Highest height executed here, of what was not thrown away. */
  readonly executed: number;
  /** Highest height that is final and committed here. */
  readonly height: number;
  /** Highest height whose F is known here. */
  readonly final: number;
  /** The same or what at least one honest member claims: an epoch that is not this one's has Fs that are not known here. */
  readonly claimed: number;
  /** This member and those with a live link. */
  readonly membersUp: number;
  readonly quorum: number;
  /** Milliseconds since 1970 at which `status` last changed. */
  readonly since: number;
  /** Why this member stopped executing; it goes on ordering. */
  readonly halted: HaltReason | undefined;
  /** What this member's result was, where that is why it stopped. */
  readonly divergence: Halt | undefined;
  /** The members' results of a height disagree so that none can become final in this era. */
  readonly split: Split | undefined;
  /** The chain does not go on though a quorum is linked. */
  readonly stuck: boolean;
  /** Nothing that this member knows keeps it from saying FINAL. */
  readonly able: boolean;
};

/** Knows since when the status is what it is. */
export class StatusClock {
  readonly #context: MemberContext;
  readonly #execution: Execution;
  readonly #finality: Finality;
  readonly #catchUp: CatchUp;
  readonly #freeze: Freeze;
  readonly #standstill: Standstill;
  #status: DriverStatus["status"] = "syncing";
  #since: number;

  constructor(
    context: MemberContext,
    execution: Execution,
    finality: Finality,
    catchUp: CatchUp,
    freeze: Freeze,
    standstill: Standstill,
  ) {
    this.#context = context;
    this.#execution = execution;
    this.#finality = finality;
    this.#catchUp = catchUp;
    this.#freeze = freeze;
    this.#standstill = standstill;
    this.#since = context.ports.clock.time();
  }

  read(): DriverStatus {
    const { ordered, final, quorum, linked: membersUp, ports, observer } = this.#context;
    const { committed: height, tip: executed, halted, divergence } = this.#execution;
    const { silent } = ports.journal;
    const { split } = this.#finality;
    const { stuck } = this.#standstill;
    const claimed = Math.max(final, this.#catchUp.claimedFinal);
    const behind = claimed > height + LAG;
    const diverged = split !== undefined || divergence !== undefined;
    const syncing = behind || silent || halted !== undefined;
    const signs = ports.signer.ready?.() !== false;
    const taking = syncing ? "syncing" : signs ? "running" : "following";
    const going = membersUp < quorum || stuck ? "paused" : taking;
    const status = this.#freeze.frozen ? "recovery" : diverged ? "diverged" : going;
    if (status !== this.#status) {
      this.#status = status;
      this.#since = ports.clock.time();
    }
    const able = !observer && !silent && halted === undefined && split === undefined;
    const at = { ordered, executed, height, final, claimed };
    return { status, ...at, membersUp, quorum, since: this.#since, halted, divergence, split, stuck, able };
  }
}
