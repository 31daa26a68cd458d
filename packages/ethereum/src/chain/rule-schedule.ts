import { type ActiveRules, ChainError, type RuleSchedule } from "@tributary/chain";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "@tributary/chain/predeploy-addresses";
import type { UpgradeRules } from "../config/upgrade-schedule.ts";
import { CONSOLIDATION_QUEUE, WITHDRAWAL_QUEUE } from "../execution/requests.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** What EIP-7910 tells of a chain's rules. ChainError where the head is from before Cancun. */
export function ruleSchedule(ledger: Ledger): RuleSchedule {
  const { schedule, head } = ledger;
  const { timestamp } = head.block.header;
  const current = schedule.rulesAt(timestamp);
  if (current === undefined) throw new ChainError("state-pruned", "the head is from before Cancun");
  const next = schedule.rulesAfter(timestamp);
  const last = schedule.lastRules();
  return {
    current: active(ledger, current),
    next: next === undefined ? undefined : active(ledger, next),
    last: next === undefined || last === undefined ? undefined : active(ledger, last),
  };
}

function active(ledger: Ledger, rules: UpgradeRules): ActiveRules {
  const { schedule, genesis } = ledger;
  return {
    ...{ activationTime: rules.activation, fork: rules.fork, blobSchedule: rules.blobs },
    forkId: schedule.forkId(ledger.hashOf(0) ?? new Uint8Array(32), genesis.timestamp, rules.activation),
    systemContracts: {
      BEACON_ROOTS_ADDRESS,
      ...(rules.fork === "cancun" ? {} : pragueContracts(genesis.depositContract)),
    },
  };
}

function pragueContracts(depositContract: Uint8Array | undefined): Record<string, Uint8Array> {
  return {
    CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS: CONSOLIDATION_QUEUE,
    ...(depositContract === undefined ? {} : { DEPOSIT_CONTRACT_ADDRESS: depositContract }),
    HISTORY_STORAGE_ADDRESS: HISTORY_ADDRESS,
    WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS: WITHDRAWAL_QUEUE,
  };
}
