import type { HexHash } from "@tributary/protocol/consensus/types";
import type { MemberRecord } from "@tributary/protocol/ports/member-host";
import type { NodeEvent } from "./events.ts";

/** A node as the mainchain registered it; without the seat a MemberRecord. */
export type NodeRecord = Omit<MemberRecord, "seat"> & {
  readonly validatorId: number;
  /** Its owner wants it to leave its committees. */
  readonly exiting: boolean;
};

export type NodeRegistry = ReadonlyMap<number, NodeRecord>;

export const noNodes: NodeRegistry = new Map();

/** Folds one event of the node registry. A node that left stays: it may still hold what others need to check. */
export function reduceNodes(nodes: NodeRegistry, event: NodeEvent): NodeRegistry {
  switch (event.name) {
    case "NodeRegistered":
      return new Map(nodes).set(event.nodeId, {
        nodeId: event.nodeId,
        validatorId: event.validatorId,
        endpoint: event.endpoint,
        rpc: event.rpc,
        nodeAddress: event.nodeAddress.toLowerCase() as `0x${string}`,
        transportKey: event.transportKey as HexHash,
        blsKey: event.blsKey,
        exiting: false,
      });
    case "NodeEndpointChanged": {
      const node = nodes.get(event.nodeId);
      if (node === undefined) return nodes;
      return new Map(nodes).set(event.nodeId, { ...node, endpoint: event.endpoint, rpc: event.rpc });
    }
    case "NodeExiting": {
      const node = nodes.get(event.nodeId);
      if (node === undefined) return nodes;
      return new Map(nodes).set(event.nodeId, { ...node, exiting: true });
    }
    case "NodeLeft":
      return nodes;
  }
}

/** The id of the node with this account; undefined before it is registered. */
export function nodeIdOf(nodes: NodeRegistry, address: `0x${string}`): number | undefined {
  const wanted = address.toLowerCase();
  for (const node of nodes.values()) if (node.nodeAddress === wanted) return node.nodeId;
  return undefined;
}
