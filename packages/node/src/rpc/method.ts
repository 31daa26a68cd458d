import type { ChainReader } from "@tributary/chain";
import type { MemberView } from "./backend.ts";
import type { FilterRegistry } from "./filter-registry.ts";
import type { Params } from "./params.ts";
import type { Subscriber } from "./subscription-set.ts";

/** What a method works with. */
export type MethodContext = {
  readonly chain: ChainReader;
  readonly member: MemberView;
  readonly filters: FilterRegistry;
  /** Only where the request came over a WebSocket. */
  readonly subscriptions: Subscriber | undefined;
  /** Charges the chain's budget for work that the method's weight does not cover. */
  charge(units: number): void;
  readonly clientVersion: string;
};

/** One JSON-RPC method. `run` gives plain JSON (undefined is written as null) or throws RpcError. */
export type Method = {
  readonly name: string;
  run(params: Params, context: MethodContext): unknown;
};
