import type { Chain } from "@tributary/chain/chain/chain";
import type { DevelopmentView } from "./development-view.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Milliseconds for which a block is awaited: less than a call has. */
const MINE_MS = 4_000;

/** What tools for developers may do to a chain of which this node is the only member. `propose` begins a height now. */
export function chainDevelopment(chain: Pick<Chain, "development" | "onBlock">, propose: () => void): DevelopmentView {
  const { development } = chain;
  return {
    snapshot: () => development.snapshot(),
    revert: (id) => development.revert(id),
    increaseTime: (seconds) => development.increaseTime(seconds),
    setNextTime: (seconds) => development.setNextTime(seconds),
    mine: () =>
      new Promise((resolve, reject) => {
        const stop = chain.onBlock(() => {
          clearTimeout(timer);
          stop();
          resolve();
        });
        const timer = setTimeout(() => {
          stop();
          reject(new RpcError(RPC_CODE.timeout, "no block was made in time"));
        }, MINE_MS);
        propose();
      }),
  };
}
