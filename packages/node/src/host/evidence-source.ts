import { decodeEvidence } from "@tributary/protocol/evidence/codec";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { EvidenceReport, KeptEvidence } from "../rpc/backend.ts";
import type { LevelContainerStore } from "../store/level-container-store.ts";

/** Entries in one report: 10 kB each at most, twice that in JSON. */
const PAGE = 32;

/** The evidence that a member keeps, with the nodes that it convicts where this epoch's committee tells. */
export async function evidenceOf(
  store: Pick<LevelContainerStore, "evidence">,
  spec: Pick<MemberSpec, "era" | "epoch" | "members">,
  from?: Uint8Array,
): Promise<EvidenceReport> {
  const { evidence: page, next } = await store.evidence(PAGE, from);
  const kept = page.flatMap((evidence): KeptEvidence[] => {
    const decoded = decodeEvidence(evidence);
    if (decoded === undefined) return [];
    const { kind, group, era, epoch, height, seat } = decoded;
    const member = era === spec.era && epoch === spec.epoch ? spec.members[seat] : undefined;
    const node = member && { nodeId: member.nodeId, nodeAddress: member.nodeAddress };
    return [{ offence: { kind, group, era, epoch, height, seat }, evidence, node }];
  });
  return next === undefined ? { kept } : { kept, next };
}
