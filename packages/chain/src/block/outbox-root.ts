import { merkleRoot } from "@tributary/protocol/container/merkle";

/** Root of an outbox without messages: `requestsHash` of every block as long as nothing leaves a chain. */
export const EMPTY_OUTBOX_ROOT: Uint8Array = merkleRoot([]);
