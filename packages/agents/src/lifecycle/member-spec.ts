import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import type { GroupKeys } from "@tributary/protocol/keygen/group-keys";
import { committeeHash, keysHash } from "@tributary/protocol/keygen/ready";
import type { MemberRecord, MemberSpec } from "@tributary/protocol/ports/member-host";
import type { Generation } from "../keygen/generation.ts";
import type { NodeRegistry } from "../mainchain/node-registry.ts";
import type { ChainRecord } from "./chain-record.ts";

/** Height of the first container of a new chain. */
const FIRST_HEIGHT = 1;

export type SpecResult =
  | { readonly kind: "spec"; readonly spec: MemberSpec }
  /** The mainchain's word and what follows from the dealings differ: nothing may run on such keys. */
  | { readonly kind: "mismatch"; readonly what: string };

/** Everything that a member needs, from mainchain facts, each key checked against what READY put on chain. */
export function memberSpec(
  chain: ChainRecord,
  generation: Generation,
  seat: number,
  nodes: NodeRegistry,
  keys: GroupKeys,
): SpecResult {
  const result = generation.result;
  if (result === undefined) return { kind: "mismatch", what: "the key generation has no result" };
  if (generation.group !== chain.group || generation.era !== chain.era || generation.epoch !== chain.epoch) {
    return { kind: "mismatch", what: "the newest key belongs to another epoch" };
  }
  const hash = keysHash(keys.shareKeys);
  if (toHex(keys.groupKey) !== result.groupKey) return { kind: "mismatch", what: "group key" };
  if (toHex(hash) !== result.keysHash || chain.keysHash !== result.keysHash) {
    return { kind: "mismatch", what: "hash of the share keys" };
  }
  if (toHex(committeeHash(generation.nodeIds, hash)) !== result.committee)
    return { kind: "mismatch", what: "committee" };
  const members: MemberRecord[] = [];
  for (const [index, id] of generation.nodeIds.entries()) {
    const node = nodes.get(id);
    if (node === undefined || fromHex(node.blsKey)?.length !== 48) return { kind: "mismatch", what: `node ${id}` };
    const { validatorId: _, ...record } = node;
    members.push({ ...record, seat: index });
  }
  return {
    kind: "spec",
    spec: {
      chainId: chain.chainId,
      name: chain.name,
      group: chain.group,
      era: chain.era,
      epoch: chain.epoch,
      firstHeight: FIRST_HEIGHT,
      seat,
      members,
      groupPublicKey: result.groupKey,
      shareKeys: keys.shareKeys.map(toHex),
      committee: result.committee,
      slots: chain.slots,
      genesis: chain.genesis,
    },
  };
}
