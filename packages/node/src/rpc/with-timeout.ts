import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** The promise's value, or geth's timeout error after `milliseconds`. The work itself is bounded by its own limits. */
export async function withTimeout<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RpcError(RPC_CODE.timeout, "request timed out")), milliseconds);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
