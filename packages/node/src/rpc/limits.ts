// Bounds of the JSON-RPC server. Everything that a client can make this process hold or compute has one.

/** Bytes of one request body or WebSocket message (geth's value; a file chunk of 1 MB is 2 MB of hex). */
export const MAX_REQUEST_BYTES: number = 5 * 1024 * 1024;
/** Levels of arrays and objects in a request. The deepest legal one, an EIP-7702 call with access lists, has 6. */
export const MAX_JSON_DEPTH = 64;
/** Items of a batch, and bytes that its answers may take together (geth's values). */
export const MAX_BATCH_ITEMS = 1_000;
export const MAX_BATCH_ANSWER_BYTES = 25_000_000;
/** Milliseconds for a batch as a whole. */
export const BATCH_TIMEOUT_MS = 30_000;

/** Blocks that one log query may span. */
export const MAX_LOG_RANGE = 10_000;
/** Addresses of a log filter, and alternatives for one topic (geth's value). */
export const MAX_FILTER_ADDRESSES = 1_000;
export const MAX_TOPIC_ALTERNATIVES = 1_000;

/** Blocks that a subscription with `fromBlock` may begin behind the head. */
export const MAX_CATCH_UP_BLOCKS = 10_000;

/** Transactions whose receipts one subscription waits for (geth's value). */
export const MAX_FOLLOWED_TRANSACTIONS = 200;

/** Polled filters of one chain, and milliseconds without a poll after which one is dropped. */
export const MAX_FILTERS = 1_000;
export const FILTER_IDLE_MS = 300_000;
/** Hashes that a filter for pending transactions keeps between polls; the oldest go first. */
export const MAX_FILTER_BACKLOG = 10_000;

/** Gas of eth_call and the upper end of eth_estimateGas. */
export const MAX_CALL_GAS = 50_000_000n;
/** Blocks that eth_feeHistory looks back, and percentiles per block (geth's values). */
export const MAX_FEE_HISTORY = 1_024;
export const MAX_FEE_PERCENTILES = 100;

/** Slots of one eth_getStorageValues (geth's value). */
export const MAX_STORAGE_VALUES = 1_024;
/** Slots of one tributary_getProof, and milliseconds that it waits for the state to be written out: below what a call has. */
export const MAX_PROVEN_SLOTS = 32;
export const MAX_PROOF_WAIT_MS = 4_500;
/** Transactions that one listing of the pool shows, and bytes of them. */
export const MAX_POOL_LISTED = 5_000;
export const MAX_POOL_LISTED_BYTES: number = 5 * 1024 * 1024;
/** Milliseconds that eth_sendRawTransactionSync waits for a receipt: below the time that any call has. */
export const DEFAULT_SYNC_WAIT_MS = 4_000;
export const MAX_SYNC_WAIT_MS = 4_500;

/** Milliseconds for one request of traces, and for tracing one transaction, while which nothing else runs. */
export const MAX_TRACE_MS = 4_000;
export const MAX_TRACE_STALL_MS = 1_000;
/** Bytes of JSON that the traces of one request may have. */
export const MAX_TRACE_BYTES: number = 16 * 1024 * 1024;

/** Calls of one simulation, and milliseconds that it may take. */
export const MAX_SIMULATED_CALLS = 1_000;
export const MAX_SIMULATION_MS = 4_000;

/** Operator settings start from these. */
export type ServerLimits = {
  /** TCP connections of the process, idle ones and WebSockets included. */
  readonly connections: number;
  /** Open WebSockets of the process, and of one remote address. */
  readonly sockets: number;
  readonly socketsPerAddress: number;
  readonly subscriptionsPerSocket: number;
  /** Requests of one socket that run at once; further ones wait in the kernel. */
  readonly inFlightPerSocket: number;
  /** HTTP requests of one remote address that run at once; further ones are refused. */
  readonly inFlightPerAddress: number;
  /** TCP connections of one remote address. */
  readonly connectionsPerAddress: number;
  /** Bytes of bodies, messages and answers that are on their way; a quarter of it is one remote address's at most. */
  readonly heldBytes: number;
  /** Bytes queued to a slow reader before its socket is closed. */
  readonly socketBacklog: number;
  /** Milliseconds for one call. */
  readonly callMilliseconds: number;
};

export const DEFAULT_LIMITS: ServerLimits = {
  connections: 4_000,
  sockets: 2_000,
  socketsPerAddress: 100,
  subscriptionsPerSocket: 100,
  inFlightPerSocket: 32,
  inFlightPerAddress: 256,
  connectionsPerAddress: 1_000,
  heldBytes: 256 * 1024 * 1024,
  socketBacklog: 16 * 1024 * 1024,
  callMilliseconds: 5_000,
};

/**
 * Milliseconds by which a refusal for load is held back. A client that asks again at once would otherwise spend more of
 * the node's time on refusals than the budget saves.
 */
export const REFUSAL_DELAY_MS = 200;
/** Milliseconds between pings on a WebSocket; two without a pong close it. */
export const PING_MS = 30_000;
