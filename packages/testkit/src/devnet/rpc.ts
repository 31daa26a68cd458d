/** A JSON-RPC error as the server said it. */
export class RpcFailure extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(error: { readonly code: number; readonly message: string; readonly data?: unknown }) {
    super(error.message);
    this.code = error.code;
    this.data = error.data;
  }
}

/** One JSON-RPC call over HTTP; throws RpcFailure on an error answer. */
export async function call<T>(url: string, method: string, ...params: readonly unknown[]): Promise<T> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(15_000),
  });
  const answer = (await response.json()) as {
    readonly result: T;
    readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
  };
  if (answer.error !== undefined) throw new RpcFailure(answer.error);
  return answer.result;
}
