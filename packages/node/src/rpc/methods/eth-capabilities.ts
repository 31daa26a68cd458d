import { data, quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** What this member can answer, and from which block on. */
export const ethCapabilities: Method = {
  name: "eth_capabilities",
  run(params, context) {
    params.end();
    const { chain } = context;
    const { head } = chain;
    const oldest = quantity(chain.block("earliest")?.header.number ?? 0);
    const kept = {
      disabled: false,
      oldestBlock: oldest,
      ...(chain.blockWindow === undefined
        ? {}
        : { deleteStrategy: { type: "window", retentionBlocks: quantity(chain.blockWindow) } }),
    };
    return {
      head: { number: quantity(head.header.number), hash: data(head.hash) },
      state: {
        disabled: false,
        oldestBlock: quantity(chain.oldestState),
        deleteStrategy: { type: "window", retentionBlocks: quantity(chain.stateWindow) },
      },
      tx: kept,
      logs: kept,
      receipts: kept,
      blocks: kept,
      // The state of a rented chain is flat: no trie, no eth_getProof.
      stateproofs: chain.ethereum === undefined ? { disabled: true, instead: "tributary_getProof" } : kept,
    };
  },
};
