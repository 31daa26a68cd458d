import type { Evm } from "@tributary/evm/evm";
import { equal } from "@tributary/protocol/bytes/bytes";
import { RULES_ADDRESS } from "../predeploy-addresses.ts";
import { EMPTY_CODE_HASH } from "../state/account.ts";
import type { StateReader } from "../state/state-view.ts";
import type { Rejection } from "../transaction/rejection.ts";
import { slotsOf } from "./fee-storage.ts";
import { OwnerRules, type RuledTransaction } from "./owner-rules.ts";
import { RulesStorage } from "./rules-storage.ts";

/** Why a transaction may not run under the rules of a state, as far as can be told before it runs. */
export function judgeByRules(
  state: StateReader,
  hasCode: (address: Uint8Array) => boolean,
  transaction: RuledTransaction,
): Rejection | undefined {
  const slots = slotsOf(state);
  const storage = new RulesStorage((slot) => slots(RULES_ADDRESS, slot));
  return inForce(storage) ? new OwnerRules(storage, transaction).admit(hasCode) : undefined;
}

/** Whether the owner made any rules in a state. */
export function isRuled(state: StateReader): boolean {
  const slots = slotsOf(state);
  return inForce(new RulesStorage((slot) => slots(RULES_ADDRESS, slot)));
}

function inForce({ policy: { flags, gasLimit } }: RulesStorage): boolean {
  return flags !== 0 || gasLimit !== 0n;
}

/**
 * Puts the next transaction of the EVM's block under the owner's rules as they stand, or under none where there are
 * none. Gives back why it may not run.
 */
export function armRules(evm: Evm, transaction: RuledTransaction): Rejection | undefined {
  const storage = new RulesStorage((slot) => evm.storage(RULES_ADDRESS, slot));
  if (!inForce(storage)) {
    evm.guard(undefined);
    return undefined;
  }
  const rules = new OwnerRules(storage, transaction);
  evm.guard(rules);
  return rules.admit((address) => !equal(evm.account(address).codeHash, EMPTY_CODE_HASH));
}
