import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { type ForkRules, requireFork } from "../forks/fork.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PoolChain } from "../pool/pool-environment.ts";
import type { SponsorOf } from "../pool/uses.ts";
import { judgeByRules } from "../rules/arm-rules.ts";
import { gasPriceIn, type Paying, paidPrice, slotsOf, sponsorOf, sponsorsAny } from "../rules/fee-storage.ts";
import { accountWithCode } from "../state/read-account.ts";
import { toKey } from "../store/key.ts";
import { decodeTransaction } from "../transaction/decode.ts";

/** Key of the account whose credit a transaction uses in place of its sender's, as of the newest certified block. */
export function sponsorIn(ledger: Ledger, transaction: Paying): string | undefined {
  const slots = slotsOf(ledger.headState);
  const sponsor = sponsorOf(gasPriceIn(slots).price, transaction, slots);
  return sponsor === undefined ? undefined : toKey(sponsor);
}

/** The chain after its newest certified block, as its pool sees it. */
export function poolChain(
  ledger: Ledger,
  { gasLimit, byteLimit }: GenesisParameters,
  forks: readonly ForkRules[],
): PoolChain {
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
      const state = ledger.headState;
      const hasCode = (address: Uint8Array): boolean => accountWithCode(state, address).code.length > 0;
      return judgeByRules(state, hasCode, transaction);
    },
    price(transaction) {
      const slots = slotsOf(ledger.headState);
      const { price } = gasPriceIn(slots);
      return { asked: price, paid: paidPrice(price, transaction, slots) };
    },
    sponsor: (transaction) => sponsorIn(ledger, transaction),
    gasLimit,
    get transactionGas() {
      return requireFork(forks, ledger.head.header).transactionGas;
    },
    byteLimit,
  };
}

/** Whom a certified transaction is charged to, as the rules are now; undefined while the owner sponsors nothing. */
export function sponsorsOf(ledger: Ledger, chainId: bigint): SponsorOf | undefined {
  const slots = slotsOf(ledger.headState);
  if (!sponsorsAny(slots)) return undefined;
  return (raw, sender) => {
    const decoded = decodeTransaction(raw, chainId);
    return decoded.ok ? sponsorIn(ledger, { ...decoded.transaction, sender }) : undefined;
  };
}
