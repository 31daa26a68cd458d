/** Codes that leave this server. Sources: JSON-RPC 2.0; EIP-1474; EIP-7966 (4, 6); geth (3, 4444, -32002, -32003). */
export const RPC_CODE = {
  reverted: 3,
  /** EIP-7966: the receipt did not come in time; the transaction waits for a lower nonce. */
  syncTimeout: 4,
  nonceGap: 6,
  prunedHistory: 4444,
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** geth's default: refused transactions, missing headers and states. */
  server: -32000,
  notFound: -32001,
  timeout: -32002,
  tooLarge: -32003,
  notSupported: -32004,
  limitExceeded: -32005,
  /** geth's: a simulated call that ended without REVERT. */
  vm: -32015,
} as const;

/** An answer that a client gets in place of a result. Thrown by methods, turned into JSON at one place. */
export class RpcError extends Error {
  readonly code: number;
  /** Hex string of what a call returned when it reverted, or plain data that helps to act. */
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = "RpcError";
    this.code = code;
    this.data = data;
  }
}

/** A refusal that is about load and not about the request: HTTP 429 with Retry-After. */
export class LimitError extends RpcError {
  /** Whole seconds after which a retry has a chance. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(RPC_CODE.limitExceeded, message, { retryAfter });
    this.name = "LimitError";
    this.retryAfter = retryAfter;
  }
}
