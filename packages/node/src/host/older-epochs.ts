import type { MemberVault } from "../vault/member-vault.ts";
import type { Committees } from "./committees.ts";
import { type HandoverFiles, signHandover } from "./handover-share.ts";
import { removeOlderLogs, type Term } from "./term.ts";

export type OlderEpochsFiles = HandoverFiles & {
  /** Rejects when the disk refused: a flush on it never calls back. */
  readonly broken: Promise<never>;
};

type Node = { readonly vault: Pick<MemberVault, "signHandover" | "eraseOlder"> };

/** What is left of a chain's epochs that are over. */
export class OlderEpochs {
  readonly #files: OlderEpochsFiles;
  readonly #node: Node;
  readonly #committees: () => Committees;
  #forgotten: Term | undefined;

  constructor(files: OlderEpochsFiles, node: Node, committees: () => Committees) {
    this.#files = files;
    this.#node = node;
    this.#committees = committees;
  }

  /** Whether all that is older than this term is gone. */
  gone(term: Term): boolean {
    return this.#forgotten === term;
  }

  /**
   * It goes once the log of the present one is begun, from which a restart goes on. Also after each start: the one before
   * may have ended between the two. consensus.md 14.
   */
  async forget(term: Term): Promise<void> {
    const { vault } = this.#node;
    const { log, spec } = term;
    const committees = this.#committees();
    const older = committees.before(spec);
    if (older.length > 0) {
      await Promise.race([new Promise<void>((done) => log.flush(done)), this.#files.broken]);
      await removeOlderLogs(this.#files.folder, spec);
      const handing = { over: older.findLast(({ era }) => era === spec.era - 1), next: committees.inEra(spec.era) };
      await signHandover(this.#files, vault, handing);
      // Of whatever seat: who was away may hold the encryption key of one that it never took, which gives the share.
      if (!(await vault.eraseOlder(spec))) return;
    }
    this.#forgotten = term;
  }
}
