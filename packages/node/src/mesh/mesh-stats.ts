/** Why a connection was turned away or cut. */
export type Refusal =
  /** The key belongs to no node of a common chain. */
  | "unregistered"
  /** The dialled address answered with another node's key. */
  | "wrong-key"
  /** Cut for misbehaviour a short while ago. */
  | "banned"
  /** Too many connections that are not authenticated yet. */
  | "overload"
  /** TLS failed or took too long. */
  | "handshake"
  /** Malformed, oversized or misplaced frames. */
  | "protocol";

/** Counters of a mesh endpoint since its start. */
export type MeshStats = {
  links: number;
  bytesIn: number;
  bytesOut: number;
  messagesIn: number;
  messagesOut: number;
  /** Messages that found a full queue. */
  dropped: number;
  readonly refused: Record<Refusal, number>;
};

export function emptyMeshStats(): MeshStats {
  return {
    links: 0,
    bytesIn: 0,
    bytesOut: 0,
    messagesIn: 0,
    messagesOut: 0,
    dropped: 0,
    refused: { unregistered: 0, "wrong-key": 0, banned: 0, overload: 0, handshake: 0, protocol: 0 },
  };
}
