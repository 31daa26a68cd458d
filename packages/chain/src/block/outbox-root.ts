import { keccak256 } from "@tributary/protocol/crypto/keccak";

/**
 * Root of an outbox without messages: the Merkle root over no leaves, which is the hash of the count alone (u32 0).
 * `requestsHash` of every block as long as nothing leaves a chain.
 */
export const EMPTY_OUTBOX_ROOT: Uint8Array = keccak256(new Uint8Array(4));
