import type { CallGuard, GuardedCall } from "@tributary/evm/types";
import { equal } from "@tributary/protocol/bytes/bytes";
import { HISTORY_ADDRESS, RANDOMNESS_ADDRESS, RULES_ADDRESS } from "../predeploy-addresses.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { ACCOUNT, PERMISSION, POLICY, type RulesStorage, type RuleWord } from "./rules-storage.ts";

/** What the rules look at in a transaction, or in a call that pretends to be one. */
export type RuledTransaction = Pick<Transaction, "sender" | "to" | "data" | "gasLimit" | "authorizations">;

function refused(why: string): Rejection {
  return { code: "forbidden", message: `not permitted by the rules of this chain: ${why}` };
}

/**
 * The owner's rules for one transaction. `admit` judges it before it runs, as the pool and calls do; as a guard they
 * judge what it does. Everything is read anew each time: a rule may change at any moment.
 */
export class OwnerRules implements CallGuard {
  readonly #rules: RulesStorage;
  readonly #transaction: RuledTransaction;

  constructor(rules: RulesStorage, transaction: RuledTransaction) {
    this.#rules = rules;
    this.#transaction = transaction;
  }

  /** Why the transaction may not run; `hasCode` tells whether its target has code. */
  admit(hasCode: (address: Uint8Array) => boolean): Rejection | undefined {
    const { sender, to, authorizations } = this.#transaction;
    if (this.#isOwner(sender)) return undefined;
    const { flags, gasLimit } = this.#rules.policy;
    const account = this.#rules.account(sender);
    if ((account.flags & ACCOUNT.blocked) !== 0) return refused("the account is blocked");
    const limit = account.gasLimit === 0n ? gasLimit : account.gasLimit;
    if (limit !== 0n && this.#transaction.gasLimit > limit) {
      return refused(`gas limit ${this.#transaction.gasLimit} is above ${limit}`);
    }
    if (authorizations.length > 0 && ((flags & POLICY.pauseDelegations) !== 0 || !this.#mayDeploy(flags, account))) {
      return refused("the account may not delegate");
    }
    return to === undefined ? this.#admitCreation(flags, account) : this.#admitCall(flags, to, hasCode);
  }

  mayCall({ caller, target, code, selector, depth }: GuardedCall): boolean {
    const top = depth === 0;
    if (this.#isOwner(caller) || equal(target, RULES_ADDRESS) || (top && this.#isOwner(target))) return true;
    // Whoever may draw a random value may have it drawn.
    if (equal(caller, RANDOMNESS_ADDRESS) && equal(target, HISTORY_ADDRESS)) return true;
    const { flags } = this.#rules.policy;
    if ((flags & POLICY.restrictCalls) === 0) return true;
    if (code === undefined && selector.length === 0 && (flags & POLICY.bareTransfers) !== 0) return true;
    const needed = top ? PERMISSION.top : PERMISSION.inner;
    const permitted = (account: Uint8Array): boolean => (this.#rules.permission(account, selector) & needed) !== 0;
    // An account that delegates is as good as the code that it borrows, and may borrow another at any time.
    return permitted(target) && (code === undefined || equal(code, target) || permitted(code));
  }

  mayCreate(creator: Uint8Array): boolean {
    if (this.#isOwner(creator)) return true;
    const { flags } = this.#rules.policy;
    if ((flags & POLICY.pauseDeployments) !== 0) return false;
    if ((flags & POLICY.restrictDeployments) === 0) return true;
    const by = this.#rules.account(creator).flags;
    if ((by & ACCOUNT.factory) !== 0) return true;
    const { sender, to } = this.#transaction;
    const deploys = this.#isOwner(sender) || (this.#rules.account(sender).flags & ACCOUNT.deployer) !== 0;
    // What a deployer's own creation creates in turn is the deployer's doing too.
    return deploys && ((by & ACCOUNT.tool) !== 0 || to === undefined);
  }

  #admitCreation(flags: number, account: RuleWord): Rejection | undefined {
    if ((flags & POLICY.pauseDeployments) !== 0) return refused("deployments are paused");
    return this.#mayDeploy(flags, account) ? undefined : refused("the account may not deploy");
  }

  #admitCall(flags: number, to: Uint8Array, hasCode: (address: Uint8Array) => boolean): Rejection | undefined {
    const { sender, data } = this.#transaction;
    const ownersDoor = equal(to, RULES_ADDRESS) || this.#isOwner(to);
    const paused = data.length === 0 ? POLICY.pauseTransfers : POLICY.pauseCalls;
    if (!ownersDoor && (flags & paused) !== 0) {
      return refused(data.length === 0 ? "transfers are paused" : "calls are paused");
    }
    const code = hasCode(to) ? to : undefined;
    const selector = data.subarray(0, 4);
    if (this.mayCall({ caller: sender, target: to, code, selector, depth: 0 })) return undefined;
    return refused("the call is not among those that the owner permits");
  }

  #mayDeploy(flags: number, account: RuleWord): boolean {
    return (flags & POLICY.restrictDeployments) === 0 || (account.flags & ACCOUNT.deployer) !== 0;
  }

  #isOwner(address: Uint8Array): boolean {
    const { owner } = this.#rules;
    // The zero address owns nothing, though calls from nobody pretend to be it.
    return equal(address, owner) && owner.some((byte) => byte !== 0);
  }
}
