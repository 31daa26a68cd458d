import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { Logger } from "pino";
import { NodeError } from "../fault/node-error.ts";
import type { FileVault } from "./file-vault.ts";
import type { FileSlotJournal } from "./slot-journal.ts";

/**
 * Counts a start of the member in its slot journal and then in the vault. Where the journal knows of fewer starts than
 * the vault it was lost, or an old copy was put in its place: the member is silent then until others prove where they
 * are. A member that is alone has nobody to ask: it goes on from what it served, or refuses where that is gone too.
 * `journal-missing` then. consensus.md 11, amnesia.
 */
export async function beginSession(
  spec: Pick<MemberSpec, "group" | "era" | "epoch" | "seat" | "members">,
  vault: Pick<FileVault, "sessions" | "keepSessions">,
  journal: FileSlotJournal,
  served: number,
  logger: Pick<Logger, "warn">,
): Promise<void> {
  const known = vault.sessions(spec, spec.seat);
  if (journal.session < known) {
    const alone = spec.members.length === 1;
    if (alone && served === 0) {
      throw new NodeError(
        "journal-missing",
        "this member signed before, and its record of that is gone: restore its folder",
      );
    }
    logger.warn("the slot journal is missing or older than the vault");
    journal.silence(known);
    if (!alone) return;
    journal.remember(served);
  }
  const session = Math.max(journal.session, known) + 1;
  journal.begin(session);
  await new Promise<void>((done) => journal.flush(done));
  await vault.keepSessions(spec, spec.seat, session);
}
