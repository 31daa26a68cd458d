import { kindOf } from "./hex.ts";
import { LimitError, RPC_CODE, RpcError } from "./rpc-error.ts";

/** What a caller named its request; the answer repeats it. */
export type RequestId = string | number | null;

/** One well-formed request. Without an id it is a notification, which is carried out and not answered. */
export type RpcRequest = {
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: readonly unknown[];
};

/** A request, or the error that answers it. */
export type ReadRequest =
  | { readonly kind: "request"; readonly request: RpcRequest }
  | { readonly kind: "invalid"; readonly id: RequestId; readonly error: RpcError };

/** Reads one JSON value as a JSON-RPC 2.0 request. */
export function readRequest(value: unknown): ReadRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return invalid(null, `invalid request: want an object, got ${kindOf(value)}`);
  }
  const { id, jsonrpc, method, params } = value as Readonly<Record<string, unknown>>;
  if (id !== undefined && !isId(id)) return invalid(null, "invalid request: id must be a string or a safe number");
  if (jsonrpc !== "2.0") return invalid(id ?? null, 'invalid request: jsonrpc must be "2.0"');
  if (typeof method !== "string") return invalid(id ?? null, "invalid request: method must be a string");
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    const error = new RpcError(
      RPC_CODE.invalidParams,
      `non-array args: params must be an array, got ${kindOf(params)}`,
    );
    return { kind: "invalid", id: id ?? null, error };
  }
  return { kind: "request", request: { id, method, params: params ?? [] } };
}

function invalid(id: RequestId, message: string): ReadRequest {
  return { kind: "invalid", id, error: new RpcError(RPC_CODE.invalidRequest, message) };
}

/** Numbers that JSON.parse rounds could not be repeated faithfully. */
function isId(id: unknown): id is RequestId {
  if (typeof id === "number") return Number.isFinite(id) && Math.abs(id) <= Number.MAX_SAFE_INTEGER;
  return id === null || typeof id === "string";
}

export function resultText(id: RequestId, result: unknown): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result ?? null)}}`;
}

export function errorText(id: RequestId, error: RpcError): string {
  const { code, message, data } = error;
  const body = data === undefined ? { code, message } : { code, message, data };
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${JSON.stringify(body)}}`;
}

/** What leaves the server: undefined text for notifications, and how long to wait where all was refused for load. */
export type Answer = {
  readonly text: string | undefined;
  /** Seconds, where nothing was served because the budget is spent. */
  readonly retryAfter: number | undefined;
  /** The budget refused at least a part. */
  readonly limited: boolean;
};

export function retryAfterOf(error: RpcError): number | undefined {
  return error instanceof LimitError ? error.retryAfter : undefined;
}
