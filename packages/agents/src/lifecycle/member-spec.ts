import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import type { GroupKeys } from "@tributary/protocol/keygen/group-keys";
import { committeeHash, keysHash } from "@tributary/protocol/keygen/ready";
import type { MemberRecord, MemberSpec } from "@tributary/protocol/ports/member-host";
import type { NodeRegistry } from "../mainchain/node-registry.ts";
import type { ReadyEpoch } from "../resharing/handover.ts";
import type { ChainRecord } from "./chain-record.ts";

const FIRST_ERA = 1;
/** Height of the first container of a new chain. */
const FIRST_HEIGHT = 1;

export type SpecResult =
  | { readonly kind: "spec"; readonly spec: MemberSpec }
  /** The mainchain's word and what follows from the dealings differ: nothing may run on such keys. */
  | { readonly kind: "mismatch"; readonly what: string };

/** Everything that a member needs of one epoch, from mainchain facts; `keys` are checked against what READY put on chain. */
export function memberSpec(
  chain: ChainRecord,
  ready: Omit<ReadyEpoch, "keys" | "block">,
  seat: number,
  nodes: NodeRegistry,
  keys: GroupKeys,
): SpecResult {
  const hash = keysHash(keys.shareKeys);
  if (ready.group !== chain.group || ready.era > chain.era) {
    return { kind: "mismatch", what: "the key belongs to another era" };
  }
  if (toHex(keys.groupKey) !== ready.groupKey) return { kind: "mismatch", what: "group key" };
  if (toHex(hash) !== ready.keysHash) return { kind: "mismatch", what: "hash of the share keys" };
  const current = ready.era === chain.era && ready.epoch === chain.epoch;
  if (current && chain.keysHash !== ready.keysHash) {
    return { kind: "mismatch", what: "hash of the share keys" };
  }
  if (toHex(committeeHash(ready.nodeIds, hash)) !== ready.committee) return { kind: "mismatch", what: "committee" };
  const members = memberRecords(ready.nodeIds, nodes);
  if (typeof members === "number") return { kind: "mismatch", what: `node ${members}` };
  return {
    kind: "spec",
    spec: {
      chainId: chain.chainId,
      name: chain.name,
      group: chain.group,
      era: ready.era,
      epoch: ready.epoch,
      firstHeight: firstHeightOf(ready),
      ...(ready.beginning === undefined ? {} : { beginning: ready.beginning }),
      seat,
      members,
      groupPublicKey: ready.groupKey,
      shareKeys: keys.shareKeys.map(toHex),
      committee: ready.committee,
      slots: chain.slots,
      genesis: chain.genesis,
    },
  };
}

function firstHeightOf({ era, first, beginning }: Pick<ReadyEpoch, "era" | "first" | "beginning">): number {
  if (beginning !== undefined) return beginning.finalHeight + 1;
  return era === FIRST_ERA ? FIRST_HEIGHT : (first ?? 0);
}

/** By seat; the id of a node that is not registered as it has to be where there is one. */
export function memberRecords(nodeIds: readonly number[], nodes: NodeRegistry): readonly MemberRecord[] | number {
  const members: MemberRecord[] = [];
  for (const [seat, id] of nodeIds.entries()) {
    const node = nodes.get(id);
    if (node === undefined || fromHex(node.blsKey)?.length !== 48) return id;
    const { validatorId: _, exiting: __, ...record } = node;
    members.push({ ...record, seat });
  }
  return members;
}
