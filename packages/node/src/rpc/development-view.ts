import type { MethodContext } from "./method.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** What tools for developers ask of a chain, by methods that other networks for tests have too. */
export interface DevelopmentView {
  /** An id that is good for one `revert`; snapshots are lost when the node stops. */
  snapshot(): Promise<number>;
  /** False where there is no such snapshot. */
  revert(id: number): Promise<boolean>;
  /** Seconds by which the clock is ahead in all; undefined where that is too far. */
  increaseTime(seconds: number): Promise<number | undefined>;
  /** False where the time is not after the newest block's, or too far. */
  setNextTime(seconds: number): Promise<boolean>;
  /** Resolves when one more block is there, with or without transactions. */
  mine(): Promise<void>;
}

/** Refuses where the chain is not one for development. */
export function developmentOf({ member }: MethodContext, method: string): DevelopmentView {
  if (member.development !== undefined) return member.development;
  throw new RpcError(
    RPC_CODE.methodNotFound,
    `the method ${method} does not exist/is not available: it is served on a devnet with one member only`,
  );
}
