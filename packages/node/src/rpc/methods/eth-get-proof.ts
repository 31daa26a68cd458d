import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/** Refuses: the state is flat, and no Merkle-Patricia trie stands behind its root. */
export const ethGetProof: Method = {
  name: "eth_getProof",
  run() {
    throw new RpcError(
      RPC_CODE.notSupported,
      "method not supported: the state of this chain is no Merkle-Patricia trie, so there are no account proofs " +
        "(eth_capabilities: stateproofs); tributary_getFinality proves blocks, and receipts through their roots",
    );
  },
};
