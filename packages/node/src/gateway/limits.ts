// Bounds of the gateway.

/** Bytes of one answer: a member's batch limit with room for the envelope. */
export const MAX_ANSWER_BYTES = 27_000_000;
/** Bytes of answers that the gateway holds at one time. */
export const MAX_HELD_BYTES = 256_000_000;
/** Members that one request is offered to. */
export const MAX_ATTEMPTS = 4;
/** Milliseconds that one member has for a call (its own limit is 5 s), and for a batch (30 s). */
export const CALL_TIMEOUT_MS = 8_000;
export const BATCH_TIMEOUT_MS = 35_000;
/** Milliseconds between health checks, and for the answer to one. */
export const CHECK_PERIOD_MS = 1_000;
export const CHECK_TIMEOUT_MS = 2_000;
/** Blocks that a member may lie behind the highest one and still serve: heights are seconds old when compared. */
export const TOLERATED_LAG = 3;
/** Milliseconds in which a member must take up a WebSocket. */
export const SOCKET_OPEN_MS = 5_000;
