import type { Chain } from "@tributary/chain/chain/chain";
import { equal } from "@tributary/protocol/bytes/bytes";
import type { Logger } from "pino";
import type { DriverStatus } from "../consensus/member-status.ts";

type Results = Pick<DriverStatus, "divergence" | "split" | "executed" | "height" | "final">;

/**
 * Knows whether the state on this disk is the chain's, and from which block on another one would do in its place. A
 * result that F contradicts says it at once, whatever the reason. Where members' results leave no F, each looks whether
 * its own state is what the newest certified header commits to: one that is not could give a right result in no era, and
 * after a Recovery it would split the chain again. consensus.md 8.
 */
export class StateRepair {
  readonly #chain: Pick<Chain, "audit" | "head">;
  readonly #logger: Pick<Logger, "warn" | "error">;
  readonly #failed: (error: unknown) => void;
  /** Height of the split for which the state was looked through. */
  #audited = 0;
  #auditing: Promise<void> | undefined;
  /** What the look said. */
  #state: "unknown" | "sound" | "spoilt" = "unknown";

  constructor(
    chain: Pick<Chain, "audit" | "head">,
    logger: Pick<Logger, "warn" | "error">,
    failed: (error: unknown) => void,
  ) {
    this.#chain = chain;
    this.#logger = logger;
    this.#failed = failed;
  }

  /** Lowest block whose state would do; undefined where nothing speaks against the one that is here. */
  least({ divergence, executed, height, final }: Results): number | undefined {
    // A state that was replaced gives another result than the log has: of that height nothing more is said in this era.
    const replaced = divergence?.reason === "irreproducible" && final < divergence.height && this.#state === "sound";
    // What was executed above has a result in the log that the new state will not give.
    if (divergence !== undefined && !replaced) return Math.max(divergence.height, executed, height) + 1;
    return this.#state === "spoilt" ? Math.max(1, this.#chain.head.header.number) : undefined;
  }

  /** To be called now and then. */
  look({ split, divergence }: Results): void {
    const irreproducible = divergence?.reason === "irreproducible" ? divergence.height : undefined;
    const height = split?.height ?? irreproducible;
    if (height === undefined || this.#auditing !== undefined || height <= this.#audited) return;
    this.#audited = height;
    if (split !== undefined) {
      this.#logger.error({ ...split }, "the members' results of a height leave none that can become final");
    }
    this.#auditing = this.#audit()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#auditing = undefined;
      });
  }

  /** Before the chain is closed. */
  async stop(): Promise<void> {
    await this.#auditing;
  }

  async #audit(): Promise<void> {
    const { header } = this.#chain.head;
    const { root, badCode } = await this.#chain.audit();
    // Exact only where nothing was committed meanwhile, as it can be after a Recovery; then the state gave a right result.
    if (this.#chain.head.header.number !== header.number) return;
    this.#state = equal(root, header.stateRoot) && badCode.length === 0 ? "sound" : "spoilt";
    const height = header.number;
    if (this.#state === "spoilt")
      this.#logger.error({ height }, "the state on this disk is not what its newest block commits to");
    else this.#logger.warn({ height }, "the state on this disk is what its newest block commits to");
  }
}
