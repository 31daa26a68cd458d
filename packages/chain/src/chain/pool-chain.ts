import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { type ForkRules, requireFork } from "../forks/fork.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PoolChain } from "../pool/pool.ts";
import { judgeByRules } from "../rules/arm-rules.ts";
import type { StateReader } from "../state/state-view.ts";
import { accountWithCode } from "../state/read-account.ts";

/** The chain as its pool sees it: as of the newest certified block. */
export function poolChain(ledger: Ledger, genesis: GenesisParameters, forks: readonly ForkRules[]): PoolChain {
  const newest = (): StateReader | undefined => ledger.state(ledger.head.header.number);
  return {
    get time() {
      return ledger.head.header.timestamp;
    },
    timeOf(hash) {
      const number = ledger.blocks.number(hash);
      return number === undefined ? undefined : ledger.blocks.block(number)?.block.header.timestamp;
    },
    account: (address) => accountWithCode(newest(), address),
    forbids(transaction) {
      const state = newest();
      const hasCode = (address: Uint8Array): boolean => accountWithCode(state, address).code.length > 0;
      return state === undefined ? undefined : judgeByRules(state, hasCode, transaction);
    },
    gasLimit: genesis.gasLimit,
    get transactionGas() {
      return requireFork(forks, ledger.head.header).transactionGas;
    },
    byteLimit: genesis.byteLimit,
  };
}
