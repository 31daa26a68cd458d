import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { ChainError } from "../chain-error.ts";
import { type ForkRules, requireFork } from "../forks/fork.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PoolChain } from "../pool/pool-environment.ts";
import { type PoolFees, poolFees } from "../pool/pool-fees.ts";
import type { Users } from "../pool/uses.ts";
import { isRuled, judgeByRules } from "../rules/arm-rules.ts";
import {
  type ContractSlots,
  chargeAfter,
  feeTermsIn,
  type Paying,
  slotsOf,
  sponsorOf,
  sponsorsAny,
} from "../rules/fee-storage.ts";
import { type Priorities, prioritiesAt } from "../rules/priority-storage.ts";
import type { TermsAfter } from "../simulation/rented-rules.ts";
import { accountWithCode } from "../state/read-account.ts";
import type { StateReader } from "../state/state-view.ts";
import { toKey } from "../store/key.ts";
import { decodeTransaction } from "../transaction/decode.ts";

/** What one state says of all transactions alike. */
type Terms = {
  readonly state: StateReader;
  readonly slots: ContractSlots;
  /** What the block after the one with that state charges, wei a gas. */
  readonly price: bigint;
  readonly fees: PoolFees;
  readonly priorities: Priorities | undefined;
  /** Whether the owner sponsors anything at all, and whether it made rules. */
  readonly sponsors: boolean;
  readonly ruled: boolean;
};

/** The terms of the newest certified state, read once a block: each is a look or two into it, for each transaction. */
function termsOf(ledger: Ledger): () => Terms {
  let terms: Terms | undefined;
  return () => {
    const state = ledger.headState;
    if (terms?.state === state) return terms;
    const slots = slotsOf(state);
    const { header } = ledger.head;
    const asked = feeTermsIn(slots);
    const charge = chargeAfter(asked, header);
    terms = {
      state,
      slots,
      price: charge.price,
      fees: poolFees(asked, charge, slots),
      priorities: prioritiesAt(slots, header.timestamp),
      sponsors: sponsorsAny(slots),
      ruled: isRuled(state),
    };
    return terms;
  };
}

/** Key of the account whose credit a transaction uses in place of its sender's. */
function sponsorIn({ slots, price, sponsors }: Terms, transaction: Paying): string | undefined {
  const sponsor = sponsors ? sponsorOf(price, transaction, slots) : undefined;
  return sponsor === undefined ? undefined : toKey(sponsor);
}

/** The chain after its newest certified block, as its pool sees it. */
export function poolChain(
  ledger: Ledger,
  { gasLimit, byteLimit }: GenesisParameters,
  forks: readonly ForkRules[],
): PoolChain {
  const terms = termsOf(ledger);
  return {
    get time() {
      return ledger.head.header.timestamp;
    },
    timeOf(hash) {
      const number = ledger.blocks.number(hash);
      return number === undefined ? undefined : ledger.blocks.block(number)?.block.header.timestamp;
    },
    account: (address) => accountWithCode(ledger.headState, address),
    forbids(transaction) {
      const { state, ruled } = terms();
      if (!ruled) return undefined;
      const hasCode = (address: Uint8Array): boolean => accountWithCode(state, address).code.length > 0;
      return judgeByRules(state, hasCode, transaction);
    },
    fees: () => terms().fees,
    priorities: () => terms().priorities,
    sponsor: (transaction) => sponsorIn(terms(), transaction),
    gasLimit,
    get transactionGas() {
      return requireFork(forks, ledger.head.header).transactionGas;
    },
    byteLimit,
  };
}

/** Whom certified transactions are charged to as the rules are now, and the priority that their senders had bought. */
export function usersOf(ledger: Ledger, chainId: bigint): Users {
  const terms = termsOf(ledger);
  const { slots, sponsors } = terms();
  const rates = (time: number): Priorities | undefined => prioritiesAt(slots, time);
  if (!sponsors) return { rates };
  const sponsor = (raw: Uint8Array, sender: Uint8Array): string | undefined => {
    const decoded = decodeTransaction(raw, chainId);
    return decoded.ok ? sponsorIn(terms(), { ...decoded.transaction, sender }) : undefined;
  };
  return { rates, sponsor };
}

/** The owner's terms in the states that are held. ChainError `state-pruned`. */
export function termsAfter(ledger: Ledger): TermsAfter {
  return ({ header: { number } }) => {
    const state = ledger.state(number);
    if (state === undefined) throw new ChainError("state-pruned", `state of block ${number} is not available`);
    return feeTermsIn(slotsOf(state));
  };
}
