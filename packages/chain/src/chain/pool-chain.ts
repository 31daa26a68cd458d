import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { type ForkRules, requireFork } from "../forks/fork.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PoolChain } from "../pool/pool.ts";
import { judgeByRules } from "../rules/arm-rules.ts";
import { gasPriceIn, paidPrice, slotsOf } from "../rules/fee-storage.ts";
import { accountWithCode } from "../state/read-account.ts";

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
    gasLimit,
    get transactionGas() {
      return requireFork(forks, ledger.head.header).transactionGas;
    },
    byteLimit,
  };
}
