import type { Hex } from "viem";
import type { Signer } from "../keys/signer.ts";
import type { JobStore } from "../store/job-store.ts";
import type { SpendingLimit } from "./allowance.ts";
import type { RouteLimits } from "./route-book.ts";

export type Alert = {
  readonly kind:
    | "foreign-transaction"
    | "reorganised"
    | "chain-reset"
    | "signer-dry"
    | "signer-funded"
    | "fee-cap"
    | "spending-limit"
    | "endpoint-lost"
    | "endpoint-back"
    | "wrong-chain"
    | "gap-healed"
    | "webhook-lost"
    | "taken-over"
    | "internal";
  readonly message: string;
};

export type Limits = {
  /** Confirmations (1: the block itself) from which a block counts as final. */
  readonly confirmations: number;
  /** Transactions of one signer that are not mined yet. */
  readonly maxInFlight: number;
  /** Jobs that are not done; more are refused with QUEUE_FULL. */
  readonly maxOpenJobs: number;
  /** Milliseconds between two looks at the chain. */
  readonly pollMs: number;
  /** Milliseconds and blocks without being mined after which a transaction that should be next is looked after. */
  readonly stuckMs: number;
  readonly stuckBlocks: number;
  /** Percent of the estimate taken as gas limit. */
  readonly gasPercent: number;
  /** Whether a call with a gas limit of its own is tried on the node first; others always are, to estimate. */
  readonly simulate: boolean;
  /** Wei a gas that no transaction offers more than. */
  readonly maxFeePerGas: bigint | undefined;
  /** Wei a gas for the block's producer, instead of what the node suggests. */
  readonly tip: bigint | undefined;
  /** Milliseconds without work after which a signer above the minimum leaves the rotation. */
  readonly idleMs: number;
  /** Wei below which a signer is topped up (0: never looked at), and up to which. */
  readonly minBalance: bigint;
  readonly topUpTo: bigint;
  /** What each signer may promise in a window of time; a job that alone is more than that fails. The funder is exempt. */
  readonly spendingLimit: SpendingLimit | undefined;
  /** Milliseconds after which a job that is done is forgotten, and with it its idempotency key. */
  readonly retentionMs: number;
};

const DEFAULTS: Limits = {
  confirmations: 12,
  maxInFlight: 256,
  maxOpenJobs: 20_000,
  pollMs: 500,
  stuckMs: 30_000,
  stuckBlocks: 3,
  gasPercent: 125,
  simulate: true,
  maxFeePerGas: undefined,
  tip: undefined,
  idleMs: 60_000,
  minBalance: 0n,
  topUpTo: 0n,
  spendingLimit: undefined,
  retentionMs: 30 * 86_400_000,
};

export type SigningPoolOptions = Partial<Limits> & {
  /** By route; a route that is not named has no limit of its own. */
  readonly routes?: Readonly<Record<string, RouteLimits>>;

  /** Where the keys come from: one of the three. */
  readonly mnemonic?: string;
  readonly keys?: readonly Hex[];
  readonly signers?: readonly Signer[];
  /** The account level of the derivation path; servers that share a mnemonic need different ones. */
  readonly server?: number;
  /** One or more endpoints of the same chain. */
  readonly rpcUrl: string | readonly string[];
  /** Endpoints of the same chain that tell of new blocks; without one, or while none does, `pollMs` decides alone. */
  readonly wsUrl?: string | readonly string[];
  /** Refuses to start on any other chain. */
  readonly chainId?: number;
  readonly size: number | { readonly min: number; readonly max: number };
  /**
   * For devnets: when the chain has another first block than before, jobs that are not final are sent again on the new
   * one. Otherwise the pool stops with CHAIN_RESET, as an endpoint of another chain would have them sent twice.
   */
  readonly resettable?: boolean;
  /** A file, or an open store. */
  readonly store: string | JobStore;
  /** Pays the top-ups. Used by this pool alone. */
  readonly funder?: Signer | Hex;
  readonly timeoutMs?: number;
  readonly maxBatch?: number;
  readonly onAlert?: (alert: Alert) => void;
};

/** The options' numbers without its secrets, and the defaults for the rest. */
export function limitsOf(options: SigningPoolOptions): Limits {
  const given = Object.entries(options).filter(([name, value]) => name in DEFAULTS && value !== undefined);
  return { ...DEFAULTS, ...(Object.fromEntries(given) as Partial<Limits>) };
}
