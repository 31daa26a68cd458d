import type { Address } from "viem";

/** What the manager's contracts are deployed with; all but `devAllocations` can be changed by role later. */
export type ManagerParameters = {
  /** Gets all roles of the access manager; the deploying account by default. */
  readonly admin?: Address;
  /** Token units that each node binds. */
  readonly minimumStake: bigint;
  /** Token units for one slot of one member for one month. */
  readonly price: bigint;
  /** Seconds after the paid time in which a chain can still be extended. */
  readonly grace: number;
  readonly minimumMembers: number;
  /** Most months paid ahead. */
  readonly maximumMonths: number;
  /** Blocks between a request and the block whose randomness selects the committee, 2 to 256. */
  readonly selectionDelay: number;
  /** Whether a chain's creator may name accounts that own native coin at genesis. */
  readonly devAllocations: boolean;
  /** Seconds after which an epoch may be ended by schedule, and for which leavers stay on after one. */
  readonly rotation: { readonly period: number; readonly linger: number };
  /** Seconds after which a group key may be renewed by schedule, and from an attempt that failed to the next. */
  readonly renewal: { readonly period: number; readonly pause: number };
  /**
   * Seconds for which a challenge goes unanswered before a Recovery opens, seconds for which claims are taken, and token
   * units that a challenger binds. Members stop without a mainchain head for 12 hours, so that claims must last longer.
   */
  readonly recovery: { readonly silence: number; readonly claims: number; readonly bond: bigint };
  /** Least seconds from the announcement of other rules of execution to the change. */
  readonly forkNotice: number;
  /** Windows of key generation and of resharing, seconds. */
  readonly windows: {
    readonly accept: number;
    readonly dealing: number;
    readonly complaints: number;
    readonly total: number;
  };
};

const TOKEN = 10n ** 18n;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** One machine, minutes matter. */
export const devnetParameters: ManagerParameters = {
  minimumStake: 100n * TOKEN,
  price: 10n * TOKEN,
  grace: 7 * DAY,
  minimumMembers: 1,
  maximumMonths: 24,
  selectionDelay: 2,
  devAllocations: true,
  rotation: { period: DAY, linger: 20 },
  renewal: { period: 90 * DAY, pause: 60 },
  recovery: { silence: 60, claims: 60, bond: 10n * TOKEN },
  forkNotice: 10,
  // They pass entirely only where a member is missing or cheats.
  windows: { accept: 30, dealing: 20, complaints: 15, total: 600 },
};

export const productionParameters: ManagerParameters = {
  minimumStake: 100_000n * TOKEN,
  price: 10n * TOKEN,
  grace: 14 * DAY,
  minimumMembers: 4,
  maximumMonths: 24,
  selectionDelay: 8,
  devAllocations: false,
  rotation: { period: 30 * DAY, linger: 6 * HOUR },
  renewal: { period: 90 * DAY, pause: DAY },
  recovery: { silence: 6 * HOUR, claims: 24 * HOUR, bond: 1_000n * TOKEN },
  forkNotice: 7 * DAY,
  windows: { accept: 6 * HOUR, dealing: 6 * HOUR, complaints: 6 * HOUR, total: 3 * DAY },
};
